import { isList, isObject, type Json, type JsonObject } from '../json/value';
import type { InputSchema, NodeClass, OutputSchema, Schema } from './types';
import { virtualClasses } from './virtual';

/** Reads the answer of /object_info. An entry that is no class is left out, as ComfyUI's editor does it. */
export function readSchema(info: Json): Schema {
  const schema = new Map<string, NodeClass>(virtualClasses.map((c) => [c.name, c]));
  if (!isObject(info)) return schema;
  for (const [name, entry] of Object.entries(info)) if (isObject(entry)) schema.set(name, readClass(name, entry));
  return schema;
}

function readClass(name: string, entry: JsonObject): NodeClass {
  return {
    name,
    title: text(entry.display_name) || name,
    category: text(entry.category),
    description: text(entry.description),
    inputs: [...readInputs(entry, 'required', false), ...readInputs(entry, 'optional', true)],
    outputs: readOutputs(entry),
    outputNode: entry.output_node === true,
    deprecated: entry.deprecated === true,
    experimental: entry.experimental === true,
    virtual: false,
  };
}

/** The order of input_order counts, where a proxy has sorted the keys. */
function readInputs(entry: JsonObject, section: 'required' | 'optional', optional: boolean): InputSchema[] {
  const specs = object(object(entry.input)[section]);
  const order = list(object(entry.input_order)[section]).filter((name): name is string => typeof name === 'string' && name in specs);
  return [...new Set([...order, ...Object.keys(specs)])].flatMap((name) => readInput(name, specs[name], optional));
}

const widgetTypes = new Set(['INT', 'FLOAT', 'STRING', 'BOOLEAN', 'COMBO']);

/** Reads [type, options], where the type of a drop-down may be the list of its choices. */
function readInput(name: string, spec: Json | undefined, optional: boolean): InputSchema[] {
  if (!isList(spec) || spec.length === 0) return [];
  const options = object(spec[1]);
  const declared = spec[0];
  let type = typeof declared === 'string' ? declared : 'COMBO';
  if (typeof options.widgetType === 'string' && widgetTypes.has(options.widgetType)) type = options.widgetType;
  const choices = isList(declared) ? declared : list(options.options);
  return [
    {
      name,
      type,
      optional,
      widget: widgetTypes.has(type) && options.forceInput !== true,
      choices,
      initial: options.default ?? initialValue(type, choices),
      control: isControlled(name, type, options.control_after_generate),
      upload: Object.entries(options).some(([key, value]) => key.endsWith('_upload') && value === true),
      tooltip: text(options.tooltip),
      options,
    },
  ];
}

function initialValue(type: string, choices: readonly Json[]): Json {
  switch (type) {
    case 'INT':
    case 'FLOAT':
      return 0;
    case 'BOOLEAN':
      return false;
    case 'COMBO':
      return choices[0] ?? null;
    default:
      return type === 'STRING' ? '' : null;
  }
}

/** Seeds are controlled unless the class says otherwise. */
function isControlled(name: string, type: string, declared: Json | undefined): boolean {
  if (type !== 'INT' && type !== 'COMBO') return false;
  if (declared !== undefined) return declared !== false && declared !== null;
  return type === 'INT' && (name === 'seed' || name === 'noise_seed');
}

function readOutputs(entry: JsonObject): OutputSchema[] {
  return list(entry.output).map((type, i) => ({
    name: text(list(entry.output_name)[i]) || typeName(type),
    type: typeName(type),
    list: list(entry.output_is_list)[i] === true,
    tooltip: text(list(entry.output_tooltips)[i]),
  }));
}

/** Older classes give the choices of a drop-down as the type of an output. */
function typeName(type: Json): string {
  return typeof type === 'string' ? type : 'COMBO';
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const list = (value: Json | undefined): readonly Json[] => (isList(value) ? value : []);
const object = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
