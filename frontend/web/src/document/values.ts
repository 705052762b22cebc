import { isList, isObject, type Json } from '../json/value';
import type { InputSchema, NodeClass } from '../schema/types';
import type { GraphNode } from './types';

/** What becomes of a controlled value after a run. */
export type Control = 'fixed' | 'increment' | 'decrement' | 'randomize';

export const controls: readonly Control[] = ['fixed', 'increment', 'decrement', 'randomize'];

/** A widget of a class, and where widgets_values keeps its value and, for seeds, its control. */
type Place = { readonly input: InputSchema; readonly index: number; readonly control: number | null };

const placesOf = new WeakMap<NodeClass, readonly Place[]>();

/** The order of widget values: that of the inputs; a control follows its value, and that of a drop-down has a filter behind it. */
function places(c: NodeClass): readonly Place[] {
  const known = placesOf.get(c);
  if (known !== undefined) return known;
  let next = 0;
  const made = c.inputs.filter((i) => i.widget).map((input) => {
    const index = next++;
    const control = input.control ? next++ : null;
    if (input.control && input.type === 'COMBO') next++;
    return { input, index, control };
  });
  placesOf.set(c, made);
  return made;
}

/** The value of a widget; the class's initial one where the file has none. The server has put saved values into the order of the class. */
export function valueOf(node: GraphNode, c: NodeClass, name: string): Json {
  const place = places(c).find((p) => p.input.name === name);
  if (place === undefined) return null;
  return saved(node, name, place.index) ?? place.input.initial;
}

export function controlOf(node: GraphNode, c: NodeClass, name: string): Control {
  const place = places(c).find((p) => p.input.name === name);
  const value = place?.control == null ? null : saved(node, `${name} control`, place.control);
  return controls.find((control) => control === value) ?? (value === null ? 'randomize' : 'fixed');
}

function saved(node: GraphNode, name: string, index: number): Json {
  const values: unknown = node.widgets_values;
  if (isList(values)) return values[index] ?? null;
  return isObject(values) ? (values[name] ?? null) : null;
}

/** The node with another value of a widget. Entries that the class does not know stay. */
export function withValue(node: GraphNode, c: NodeClass, name: string, value: Json): GraphNode {
  const place = places(c).find((p) => p.input.name === name);
  return place === undefined ? node : withEntry(node, c, name, place.index, value);
}

export function withControl(node: GraphNode, c: NodeClass, name: string, control: Control): GraphNode {
  const place = places(c).find((p) => p.input.name === name);
  return place?.control == null ? node : withEntry(node, c, `${name} control`, place.control, control);
}

function withEntry(node: GraphNode, c: NodeClass, name: string, index: number, value: Json): GraphNode {
  const before: unknown = node.widgets_values;
  if (isObject(before)) return before[name] === value ? node : { ...node, widgets_values: { ...before, [name]: value } };
  const values = isList(before) ? [...before] : [];
  if (values[index] === value) return node;
  const initial = initialValues(c);
  for (let i = values.length; i < index; i++) values.push(initial[i] ?? null);
  values[index] = value;
  return { ...node, widgets_values: values };
}

/** The values of a new node. */
export function initialValues(c: NodeClass): Json[] {
  const values: Json[] = [];
  for (const { input, index, control } of places(c)) {
    values[index] = input.initial;
    if (control === null) continue;
    values[control] = typeof input.options.control_after_generate === 'string' ? input.options.control_after_generate : 'randomize';
    if (input.type === 'COMBO') values[control + 1] = '';
  }
  return values;
}

/** Draws below 2^53, which every program reads without rounding, and within the widget's limits. */
export function nextValue(input: InputSchema, value: Json, control: Control, random: () => number = Math.random): Json {
  if (control === 'fixed') return value;
  if (input.type === 'COMBO') return nextChoice(input, value, control, random);
  const min = big(input.options.min, 0n);
  const max = big(input.options.max, 2n ** 53n - 1n);
  const step = big(input.options.step, 1n);
  const now = big(value, min);
  const next = { increment: now + step, decrement: now - step, randomize: draw(min, max, random) }[control];
  return plain(next < min ? min : next > max ? max : next);
}

function nextChoice(input: InputSchema, value: Json, control: Control, random: () => number): Json {
  const n = input.choices.length;
  const at = input.choices.indexOf(value);
  const next = { fixed: at, increment: Math.min(at + 1, n - 1), decrement: Math.max(at - 1, 0), randomize: Math.floor(random() * n) }[control];
  return input.choices[next] ?? value;
}

function draw(min: bigint, max: bigint, random: () => number): bigint {
  const limit = 2n ** 53n - 1n;
  const low = min > -limit ? min : -limit;
  const high = max < limit ? max : limit;
  // Two draws: one has 52 bits at most in some browsers.
  const bits = (BigInt(Math.floor(random() * 2 ** 26)) << 27n) | BigInt(Math.floor(random() * 2 ** 27));
  return high <= low ? low : low + (bits % (high - low + 1n));
}

function big(value: unknown, otherwise: bigint): bigint {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isFinite(value) ? BigInt(Math.round(value)) : otherwise;
}

/** A number where it holds the value exactly. */
function plain(value: bigint): number | bigint {
  const n = Number(value);
  return Number.isSafeInteger(n) ? n : value;
}
