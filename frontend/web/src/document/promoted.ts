import { isList, type Json } from '../json/value';
import { parse } from '../json/text';
import type { InputSchema, Schema } from '../schema/types';
import { editGraph, nodeMap, subgraph } from './graph';
import type { GraphId, GraphNode, Id, Subgraph, Workflow } from './types';
import { controlOf, valueOf, withValue, type Control } from './values';

/** A widget of a node inside that shows on the node that stands for a subgraph. */
export type Promoted = {
  readonly name: string;
  readonly label: string;
  readonly schema: InputSchema;
  readonly value: Json;
  /** The node inside whose widget it is, where the file names it (proxyWidgets); null for an input of the subgraph. */
  readonly source: Id | null;
  /** Its place among the values of the instance. */
  readonly index: number;
  /** What becomes of the value after a run, as the node inside says. */
  readonly control: Control;
};

/** The widgets of an instance, in the order of its saved values: those of its file, or one for each input that leads to a widget inside. */
export function promotedWidgets(node: GraphNode, workflow: Workflow, schema: Schema): Promoted[] {
  const s = subgraph(workflow, node.type);
  if (s === undefined) return [];
  const own = inputWidgets(s, workflow, schema, []);
  const saved: unknown = node.widgets_values;
  const values = isList(saved) ? saved : [];
  const proxies = proxiesOf(node);
  const isOwn = proxies.some(([id]) => id === '-1');
  if (proxies.length === 0 || (!isOwn && values.length === own.length && values.length !== proxies.length)) {
    return own.map((p, index) => ({ ...p, index, value: values[index] ?? p.value }));
  }
  return proxies.flatMap(([id, name], i) => {
    const p = id === '-1' ? own.find((o) => o.name === name) : innerWidget(s, id, name, workflow, schema);
    return p === undefined ? [] : [{ ...p, index: i, value: values[i] ?? p.value }];
  });
}

/** The values of all widgets of an instance as a file keeps them, one for each place. */
export function promotedValues(node: GraphNode, workflow: Workflow, schema: Schema): Json[] {
  const saved: unknown = node.widgets_values;
  const values: Json[] = isList(saved) ? [...saved] : [];
  for (const p of promotedWidgets(node, workflow, schema)) {
    while (values.length < p.index) values.push(null); // a widget that is gone
    values[p.index] = p.value;
  }
  return values;
}

/** Another value of a widget of an instance; the values before it are written too, for they are told apart by their places. */
function withPromoted(node: GraphNode, workflow: Workflow, schema: Schema, index: number, value: Json): GraphNode {
  const values = promotedValues(node, workflow, schema);
  values[index] = value;
  return { ...node, widgets_values: values };
}

/** The inputs of a definition that lead to a widget, directly or through a subgraph inside. */
function inputWidgets(s: Subgraph, workflow: Workflow, schema: Schema, way: readonly string[]): Promoted[] {
  if (way.includes(s.id)) return [];
  const nodes = nodeMap(s);
  return s.inputs.flatMap((slot, k) => {
    for (const l of s.links) {
      const target = l.origin_slot === k && String(l.origin_id) === '-10' ? nodes.get(l.target_id) : undefined;
      const input = target?.inputs[l.target_slot];
      if (target === undefined || input === undefined) continue;
      const c = schema.get(target.type);
      const inner = c === undefined ? subgraph(workflow, target.type) : undefined;
      const found = c?.inputs.find((i) => i.widget && i.name === input.widget?.name);
      const label = slot.label ?? slot.name;
      if (c !== undefined && found !== undefined) return [{ name: slot.name, label, schema: found, value: valueOf(target, c, found.name), source: null, index: -1, control: controlOf(target, c, found.name) }];
      const deeper = inner && promotedOf(inner, target, input.name, workflow, schema, [...way, s.id]);
      if (deeper) return [{ ...deeper, name: slot.name, label, source: null }];
    }
    return [];
  });
}

function promotedOf(inner: Subgraph, instance: GraphNode, name: string, workflow: Workflow, schema: Schema, way: readonly string[]): Promoted | undefined {
  const list = inputWidgets(inner, workflow, schema, way);
  const at = list.findIndex((p) => p.name === name);
  const p = list[at];
  const saved: unknown = instance.widgets_values;
  return p === undefined ? undefined : { ...p, value: (isList(saved) ? saved[at] : undefined) ?? p.value };
}

function innerWidget(s: Subgraph, id: string, name: string, workflow: Workflow, schema: Schema): Promoted | undefined {
  const node = s.nodes.find((n) => String(n.id) === id);
  if (node === undefined) return undefined;
  const c = schema.get(node.type);
  const found = c?.inputs.find((i) => i.widget && i.name === name);
  if (c !== undefined && found !== undefined) return { name, label: name, schema: found, value: valueOf(node, c, name), source: node.id, index: -1, control: controlOf(node, c, name) };
  const nested = promotedWidgets(node, workflow, schema).find((p) => p.name === name);
  return nested && { ...nested, source: node.id };
}

/** The property proxyWidgets, which some releases saved as JSON text. */
function proxiesOf(node: GraphNode): [id: string, name: string][] {
  let list: unknown = node.properties.proxyWidgets;
  if (typeof list === 'string') {
    try {
      list = parse(list);
    } catch {
      return []; // as the server does: no list, no proxies
    }
  }
  if (!isList(list)) return [];
  const word = (v: unknown) => (typeof v === 'string' || typeof v === 'number' ? String(v) : '');
  return list.map((p) => (isList(p) ? [word(p[0]), word(p[1])] : ['', '']));
}

/** The nodes of a definition with the values that an instance gives to their widgets, for an instance that is unpacked. */
export function withPromotedValues(node: GraphNode, workflow: Workflow, schema: Schema): readonly GraphNode[] {
  const s = subgraph(workflow, node.type);
  if (s === undefined) return [];
  const widgets = promotedWidgets(node, workflow, schema);
  const set = new Map<Id, [string, Json][]>();
  const give = (id: Id, name: string, value: Json) => set.set(id, [...(set.get(id) ?? []), [name, value]]);
  for (const p of widgets) {
    if (p.source !== null) {
      give(p.source, p.name, p.value);
      continue;
    }
    const slot = s.inputs.findIndex((i) => i.name === p.name);
    for (const l of s.links) {
      const input = String(l.origin_id) === '-10' && l.origin_slot === slot ? nodeMap(s).get(l.target_id)?.inputs[l.target_slot] : undefined;
      if (input !== undefined) give(l.target_id, input.widget?.name ?? input.name, p.value);
    }
  }
  return s.nodes.map((n) => (set.get(n.id) ?? []).reduce((now, [name, value]) => given(now, workflow, schema, name, value), n));
}

function given(n: GraphNode, workflow: Workflow, schema: Schema, name: string, value: Json): GraphNode {
  const c = schema.get(n.type);
  if (c !== undefined) return withValue(n, c, name, value);
  const p = promotedWidgets(n, workflow, schema).find((o) => o.name === name);
  return p === undefined ? n : withPromoted(n, workflow, schema, p.index, value);
}

/** Sets a widget of an instance. */
export function setPromoted(workflow: Workflow, at: GraphId, id: Id, schema: Schema, p: Promoted, value: Json): Workflow {
  return editGraph(workflow, at, (g) => ({ ...g, nodes: g.nodes.map((n) => (n.id === id ? withPromoted(n, workflow, schema, p.index, value) : n)) }));
}
