import type { InputSchema, NodeClass, Schema } from '../schema/types';
import { subgraph } from './graph';
import { promotedWidgets, type Promoted } from './promoted';
import type { GraphNode, InputSlot, OutputSlot, Workflow } from './types';

/** What a node shows: its sockets and widgets, the file's and those of its class together. */
export type Face = {
  readonly title: string;
  readonly class: NodeClass | undefined;
  /** The node stands for a subgraph of the workflow. */
  readonly subgraph: boolean;
  /** Neither the server nor the workflow knows the class. */
  readonly missing: boolean;
  readonly inputs: readonly InputFace[];
  readonly outputs: readonly OutputFace[];
  /** Widgets of nodes inside a subgraph that show on the node which stands for it. */
  readonly promoted: readonly Promoted[];
};

export type InputFace = {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly linked: boolean;
  /** Present where a value can be given on the node. */
  readonly widget: InputSchema | null;
  /** Place in the file's list; -1 while the file has no slot for it: linking makes one. */
  readonly slot: number;
  readonly optional: boolean;
  readonly tooltip: string;
};

export type OutputFace = { readonly name: string; readonly label: string; readonly type: string; readonly linked: boolean; readonly slot: number; readonly tooltip: string };

const faces = new WeakMap<GraphNode, { schema: Schema; definitions: Workflow['definitions']; face: Face }>();

/** The face of a node; the same object as long as nothing it depends on has changed. */
export function faceOf(node: GraphNode, workflow: Workflow, schema: Schema): Face {
  const known = faces.get(node);
  if (known?.schema === schema && known.definitions === workflow.definitions) return known.face;
  const face = makeFace(node, workflow, schema);
  faces.set(node, { schema, definitions: workflow.definitions, face });
  return face;
}

function makeFace(node: GraphNode, workflow: Workflow, schema: Schema): Face {
  const c = schema.get(node.type);
  const inner = c === undefined ? subgraph(workflow, node.type) : undefined;
  const promoted = inner === undefined ? [] : promotedWidgets(node, workflow, schema);
  const own = new Map(promoted.flatMap((p) => (p.source === null ? [[p.name, p.schema] as const] : [])));
  return {
    title: node.title ?? c?.title ?? inner?.name ?? node.type,
    class: c,
    subgraph: inner !== undefined,
    missing: c === undefined && inner === undefined,
    inputs: c === undefined ? node.inputs.map((s, i) => ({ ...fileInput(s, i), widget: own.get(s.name) ?? null })) : classInputs(node, c),
    outputs: outputFaces(node, c),
    promoted,
  };
}

function fileInput(s: InputSlot, slot: number): InputFace {
  return { name: s.name, label: s.label ?? s.name, type: s.type, linked: s.link !== null, widget: null, slot, optional: false, tooltip: '' };
}

/** Inputs in the order of the class, then those that only the file has. */
function classInputs(node: GraphNode, c: NodeClass): InputFace[] {
  const slots = new Map(node.inputs.map((s, i) => [s.widget?.name ?? s.name, i]));
  const declared = c.inputs.map((schema): InputFace => {
    const slot = slots.get(schema.name) ?? -1;
    const inFile = node.inputs[slot];
    slots.delete(schema.name);
    return {
      name: schema.name, label: inFile?.label ?? schema.name, type: schema.type, linked: inFile?.link != null, widget: schema.widget ? schema : null,
      slot, optional: schema.optional, tooltip: schema.tooltip,
    };
  });
  const others = [...slots.values()].flatMap((i) => (node.inputs[i] === undefined ? [] : [fileInput(node.inputs[i], i)]));
  return [...declared, ...others];
}

function outputFaces(node: GraphNode, c: NodeClass | undefined): OutputFace[] {
  const slots: readonly (OutputSlot | undefined)[] = c === undefined || node.outputs.length >= c.outputs.length ? node.outputs : c.outputs.map((_, i) => node.outputs[i]);
  return slots.map((s, slot) => {
    const schema = c?.outputs[slot];
    const name = s?.name ?? schema?.name ?? '';
    const type = s?.type ?? schema?.type ?? '*';
    return { name, label: s?.label ?? name, type, linked: (s?.links?.length ?? 0) > 0, slot, tooltip: schema?.tooltip ?? '' };
  });
}
