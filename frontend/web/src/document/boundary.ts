import type { Schema } from '../schema/types';
import { removeLinks } from './edit';
import { editGraph, freeLinkId, graphAt, nodeMap, subgraph } from './graph';
import { promotedValues, promotedWidgets } from './promoted';
import type { Graph, GraphId, GraphNode, Id, InputSlot, Link, Subgraph, Workflow } from './types';
import { uuid } from './uuid';
import { valueOf } from './values';

/** The nodes that stand for the two ends inside of a subgraph, in every file. */
export const inside = { input: -10, output: -20 } as const;

/** A link to or from an end of a subgraph; a slot behind the last one is a new one. */
export type BoundaryWish = { readonly side: 'in' | 'out'; readonly slot: number; readonly node: Id; readonly input: string; readonly output: number };

/** Says why a boundary link cannot be made; null if it can. fits says whether an output's type goes into an input's. */
export function canLinkBoundary(w: BoundaryWish, workflow: Workflow, at: GraphId, type: string, fits: (output: string, input: string) => boolean): string | null {
  const s = at === null ? undefined : subgraph(workflow, at);
  if (s === undefined) return 'The subgraph is gone.';
  const slot = (w.side === 'in' ? s.inputs : s.outputs)[w.slot];
  if (slot === undefined) return null;
  const ok = w.side === 'in' ? fits(slot.type, type) : fits(type, slot.type);
  return ok ? null : `${slot.type} does not fit ${type}.`;
}

/** Links an end of a subgraph to a node inside; a new slot appears on every node that stands for the subgraph. */
export function linkBoundary(workflow: Workflow, at: string, w: BoundaryWish, schema: Schema): Workflow {
  const s = subgraph(workflow, at);
  const node = s && nodeMap(s).get(w.node);
  if (s === undefined || node === undefined) return workflow;
  return w.side === 'in' ? linkIn(workflow, s, node, w, schema) : linkOut(workflow, s, node, w);
}

function linkIn(workflow: Workflow, s: Subgraph, node: GraphNode, w: BoundaryWish, schema: Schema): Workflow {
  const c = schema.get(node.type);
  const declared = c?.inputs.find((i) => i.name === w.input);
  const at = node.inputs.findIndex((i) => (i.widget?.name ?? i.name) === w.input);
  const type = node.inputs[at]?.type ?? declared?.type ?? '*';
  const link: Link = { id: freeLinkId(s), origin_id: inside.input, origin_slot: w.slot, target_id: node.id, target_slot: at < 0 ? node.inputs.length : at, type };
  const taken = node.inputs[at]?.link ?? null;
  const fresh = s.inputs[w.slot] === undefined;
  const slot = { id: uuid(), name: freeName(w.input, s.inputs.map((i) => i.name)), type, linkIds: [link.id] };
  const added: InputSlot = { name: w.input, type, link: link.id, ...(declared?.widget ? { widget: { name: w.input } } : {}) };
  const linked = editGraph(removeLinks(workflow, s.id, taken === null ? [] : [taken]), s.id, (g) => ({
    ...g,
    ...counted(g, link.id),
    links: [...g.links, link],
    inputs: fresh ? [...(g as Subgraph).inputs, slot] : (g as Subgraph).inputs.map((i, k) => (k === w.slot ? { ...i, linkIds: [...(i.linkIds ?? []), link.id] } : i)),
    nodes: g.nodes.map((n) => (n.id !== node.id ? n : { ...n, inputs: at < 0 ? [...n.inputs, added] : n.inputs.map((i, k) => (k === at ? { ...i, link: link.id } : i)) })),
  }));
  if (!fresh) return linked;
  const widget = declared?.widget === true;
  const value = widget && c ? valueOf(node, c, w.input) : null;
  return onInstances(linked, s.id, (n) => {
    const values = promotedValues(n, workflow, schema);
    const proxies = n.properties.proxyWidgets;
    return {
      ...n,
      inputs: [...n.inputs, { name: slot.name, type, link: null, ...(widget ? { widget: { name: slot.name } } : {}) }],
      ...(widget ? { widgets_values: [...values, value] } : {}),
      ...(widget && Array.isArray(proxies) && proxies.length > 0 ? { properties: { ...n.properties, proxyWidgets: [...(proxies as unknown[]), ['-1', slot.name]] } } : {}),
    };
  });
}

function linkOut(workflow: Workflow, s: Subgraph, node: GraphNode, w: BoundaryWish): Workflow {
  const output = node.outputs[w.output];
  if (output === undefined) return workflow;
  const old = s.links.find((l) => l.target_id === inside.output && l.target_slot === w.slot);
  const link: Link = { id: freeLinkId(s), origin_id: node.id, origin_slot: w.output, target_id: inside.output, target_slot: w.slot, type: output.type };
  const fresh = s.outputs[w.slot] === undefined;
  const slot = { id: uuid(), name: freeName(output.name, s.outputs.map((o) => o.name)), type: output.type, linkIds: [link.id] };
  const linked = editGraph(removeLinks(workflow, s.id, old === undefined ? [] : [old.id]), s.id, (g) => ({
    ...g,
    ...counted(g, link.id),
    links: [...g.links, link],
    outputs: fresh ? [...(g as Subgraph).outputs, slot] : (g as Subgraph).outputs.map((o, k) => (k === w.slot ? { ...o, linkIds: [link.id] } : o)),
    nodes: g.nodes.map((n) => (n.id !== node.id ? n : { ...n, outputs: n.outputs.map((o, k) => (k === w.output ? { ...o, links: [...(o.links ?? []), link.id] } : o)) })),
  }));
  return fresh ? onInstances(linked, s.id, (n) => ({ ...n, outputs: [...n.outputs, { name: slot.name, type: slot.type, links: [] }] })) : linked;
}

/** Removes a slot at an end of a subgraph, with its links inside and outside. */
export function removeBoundarySlot(workflow: Workflow, at: string, side: 'in' | 'out', slot: number, schema: Schema): Workflow {
  const s = subgraph(workflow, at);
  if (s === undefined) return workflow;
  const isHere = (l: Link) => (side === 'in' ? l.origin_id === inside.input && l.origin_slot === slot : l.target_id === inside.output && l.target_slot === slot);
  const shifted = (l: Link): Link => {
    if (side === 'in' && l.origin_id === inside.input && l.origin_slot > slot) return { ...l, origin_slot: l.origin_slot - 1 };
    if (side === 'out' && l.target_id === inside.output && l.target_slot > slot) return { ...l, target_slot: l.target_slot - 1 };
    return l;
  };
  // What the nodes outside show, while the slot is still there.
  const name = (side === 'in' ? s.inputs : s.outputs)[slot]?.name ?? '';
  const outside = onInstances(workflow, at, (n) => (side === 'in' ? withoutInput(n, name, workflow, schema) : n));
  const cut = cutInstances(outside, at, side, slot);
  return editGraph(removeLinks(cut, at, s.links.filter(isHere).map((l) => l.id)), at, (g) => ({
    ...g,
    links: g.links.map(shifted),
    ...(side === 'in' ? { inputs: (g as Subgraph).inputs.filter((_, i) => i !== slot) } : { outputs: (g as Subgraph).outputs.filter((_, i) => i !== slot) }),
  }));
}

/** An instance without the value that it gave to a slot. */
function withoutInput(n: GraphNode, name: string, workflow: Workflow, schema: Schema): GraphNode {
  const gone = promotedWidgets(n, workflow, schema).find((p) => p.source === null && p.name === name)?.index;
  if (gone === undefined) return n;
  const proxies = n.properties.proxyWidgets;
  return {
    ...n,
    widgets_values: promotedValues(n, workflow, schema).filter((_, i) => i !== gone),
    ...(Array.isArray(proxies) ? { properties: { ...n.properties, proxyWidgets: proxies.filter((_, i) => i !== gone) } } : {}),
  };
}

/** The graphs where a subgraph stands, with the slot and its links gone. */
function cutInstances(workflow: Workflow, at: string, side: 'in' | 'out', slot: number): Workflow {
  return graphIds(workflow).reduce((w, id) => {
    const graph = graphAt(w, id);
    const nodes = graph?.nodes.filter((n) => n.type === at) ?? [];
    const links = nodes.flatMap((n) => (side === 'in' ? (n.inputs[slot]?.link ?? []) : (n.outputs[slot]?.links ?? [])));
    const ids = new Set(nodes.map((n) => n.id));
    if (ids.size === 0) return w;
    return editGraph(removeLinks(w, id, links), id, (g) => ({
      ...g,
      links: g.links.map((l) => {
        if (side === 'in' && ids.has(l.target_id) && l.target_slot > slot) return { ...l, target_slot: l.target_slot - 1 };
        if (side === 'out' && ids.has(l.origin_id) && l.origin_slot > slot) return { ...l, origin_slot: l.origin_slot - 1 };
        return l;
      }),
      nodes: g.nodes.map((n) => {
        if (!ids.has(n.id)) return n;
        return side === 'in' ? { ...n, inputs: n.inputs.filter((_, i) => i !== slot) } : { ...n, outputs: n.outputs.filter((_, i) => i !== slot) };
      }),
    }));
  }, workflow);
}

/** Changes every node that stands for a subgraph. */
function onInstances(workflow: Workflow, id: string, change: (n: GraphNode) => GraphNode): Workflow {
  return graphIds(workflow).reduce((w, at) => editGraph(w, at, (g) => (g.nodes.some((n) => n.type === id) ? { ...g, nodes: g.nodes.map((n) => (n.type === id ? change(n) : n)) } : g)), workflow);
}

function graphIds(workflow: Workflow): GraphId[] {
  return [null, ...(workflow.definitions?.subgraphs ?? []).map((s) => s.id)];
}

/** A name that is not taken: text, text_1, … */
export function freeName(wanted: string, taken: readonly string[]): string {
  for (let i = 0; ; i++) {
    const name = i === 0 ? wanted : `${wanted}_${i}`;
    if (!taken.includes(name)) return name;
  }
}

function counted(g: Graph, id: Id): Partial<Graph> {
  const state: unknown = g.state;
  return typeof state === 'object' && state !== null ? { state: { ...state, lastLinkId: id } } : {};
}
