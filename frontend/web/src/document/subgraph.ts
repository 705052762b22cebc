import type { Schema } from '../schema/types';
import { freeName, inside } from './boundary';
import { addNodes, removeNodes } from './edit';
import { editGraph, freeLinkId, freeNodeId, graphAt, nodeMap, subgraph } from './graph';
import { promotedWidgets, withPromotedValues } from './promoted';
import type { Graph, GraphId, GraphNode, Id, InputSlot, Link, Point, Subgraph, SubgraphSlot, Workflow } from './types';
import { uuid } from './uuid';

/** Room between the nodes of a new subgraph and its ends. */
const gap = 120;

/** Links that cross the rim of a choice of nodes and have the same origin: they share one slot. */
type Bundle = { readonly origin: Id; readonly slot: number; readonly type: string; readonly links: readonly Link[] };

/** Puts nodes into a subgraph of their own, and one node in their place. Links to and from others go through its slots. */
export function makeSubgraph(workflow: Workflow, at: GraphId, ids: Iterable<Id>, name: string, schema: Schema): { workflow: Workflow; id: Id | null } {
  const chosen = new Set(ids);
  const graph = graphAt(workflow, at);
  const nodes = graph?.nodes.filter((n) => chosen.has(n.id)) ?? [];
  if (graph === undefined || nodes.length === 0) return { workflow, id: null };
  const into = bundles(graph.links.filter((l) => chosen.has(l.target_id) && !chosen.has(l.origin_id)));
  const out = bundles(graph.links.filter((l) => chosen.has(l.origin_id) && !chosen.has(l.target_id)));
  const definition = define(graph, nodes, into, out, name);
  const withDefinition: Workflow = { ...workflow, definitions: { ...workflow.definitions, subgraphs: [...(workflow.definitions?.subgraphs ?? []), definition] } };
  const id = freeNodeId(workflow);
  const instance = stand(id, definition, nodes, into, out, nodeMap(graph));
  const placed = addNodes(editGraph(withDefinition, at, (g) => replaced(g, chosen, instance, into, out)), at, [instance]);
  // Its widgets show what they showed inside.
  const values = promotedWidgets(instance, placed, schema).map((p) => p.value);
  return { workflow: editGraph(placed, at, (g) => ({ ...g, nodes: g.nodes.map((n) => (n.id === id ? { ...n, widgets_values: values } : n)) })), id };
}

function bundles(links: readonly Link[]): Bundle[] {
  const found = new Map<string, Bundle>();
  for (const l of links) {
    const key = `${l.origin_id} ${l.origin_slot}`;
    const b = found.get(key) ?? { origin: l.origin_id, slot: l.origin_slot, type: l.type, links: [] };
    found.set(key, { ...b, links: [...b.links, l] });
  }
  return [...found.values()];
}

/** The definition: the nodes as they are, with links to its ends in place of those that crossed the rim. */
function define(graph: Graph, nodes: readonly GraphNode[], into: readonly Bundle[], out: readonly Bundle[], name: string): Subgraph {
  const byId = new Map(nodes.map((n) => [n.id, n]));
  const taken: string[] = [];
  const inputs = into.map((b): SubgraphSlot => {
    const first = b.links[0];
    const slot = first && byId.get(first.target_id)?.inputs[first.target_slot];
    taken.push(freeName(slot?.widget?.name ?? slot?.name ?? 'input', taken));
    return { id: uuid(), name: taken.at(-1) ?? '', type: b.type, linkIds: b.links.map((l) => l.id) };
  });
  taken.length = 0;
  const outputs = out.map((b): SubgraphSlot => {
    taken.push(freeName(byId.get(b.origin)?.outputs[b.slot]?.name ?? 'output', taken));
    return { id: uuid(), name: taken.at(-1) ?? '', type: b.type, linkIds: b.links.slice(0, 1).map((l) => l.id) };
  });
  const within = graph.links.filter((l) => byId.has(l.origin_id) && byId.has(l.target_id));
  const links = [
    ...within,
    ...into.flatMap((b, slot) => b.links.map((l): Link => ({ ...l, origin_id: inside.input, origin_slot: slot }))),
    ...out.flatMap((b, slot) => b.links.slice(0, 1).map((l): Link => ({ ...l, target_id: inside.output, target_slot: slot }))),
  ];
  const kept = new Set(links.map((l) => l.id));
  const [left, top, right, middle] = box(nodes);
  const highest = (list: readonly { readonly id: Id }[]) => Math.max(0, ...list.map((l) => Number(l.id)));
  return {
    id: uuid(), version: 1, state: { lastGroupId: 0, lastNodeId: highest(nodes), lastLinkId: highest(links), lastRerouteId: 0 }, revision: 0, config: {}, name,
    inputNode: { id: inside.input, bounding: [left - gap - 120, middle - 30, 120, 60] }, outputNode: { id: inside.output, bounding: [right + gap, top + (middle - top) - 30, 120, 60] },
    inputs, outputs, widgets: [],
    nodes: nodes.map((n) => ({ ...n, outputs: n.outputs.map((o) => (o.links ? { ...o, links: o.links.filter((l) => kept.has(l)) } : o)) })),
    groups: [], links, extra: {},
  };
}

/** What nodes cover: left, top, right, and their middle height. */
function box(nodes: readonly GraphNode[]): [left: number, top: number, right: number, middle: number] {
  const top = Math.min(...nodes.map((n) => n.pos[1]));
  const bottom = Math.max(...nodes.map((n) => n.pos[1] + n.size[1]));
  return [Math.min(...nodes.map((n) => n.pos[0])), top, Math.max(...nodes.map((n) => n.pos[0] + n.size[0])), (top + bottom) / 2];
}

/** The node that stands for the subgraph, where the nodes were. */
function stand(id: Id, s: Subgraph, nodes: readonly GraphNode[], into: readonly Bundle[], out: readonly Bundle[], all: ReadonlyMap<Id, GraphNode>): GraphNode {
  const [left, , , middle] = box(nodes);
  const rows = Math.max(s.inputs.length, s.outputs.length, 1);
  const size: Point = [240, 40 + 26 * rows];
  const inputs = into.map((b, i): InputSlot => {
    const first = b.links[0];
    const widget = first && all.get(first.target_id)?.inputs[first.target_slot]?.widget;
    const slot = s.inputs[i];
    return { name: slot?.name ?? '', type: b.type, link: first?.id ?? null, ...(widget ? { widget: { name: slot?.name ?? '' } } : {}) };
  });
  return {
    id, type: s.id, pos: [left, Math.round(middle - size[1] / 2)], size, flags: {}, order: 0, mode: 0, inputs,
    outputs: out.map((b, i) => ({ name: s.outputs[i]?.name ?? '', type: b.type, links: b.links.map((l) => l.id) })), properties: {}, widgets_values: [],
  };
}

/** The graph without the chosen nodes, whose links now lead to the instance. */
function replaced(graph: Graph, chosen: ReadonlySet<Id>, instance: GraphNode, into: readonly Bundle[], out: readonly Bundle[]): Graph {
  const target = new Map(into.flatMap((b, i) => b.links.slice(0, 1).map((l) => [l.id, i] as const)));
  const origin = new Map(out.flatMap((b, i) => b.links.map((l) => [l.id, i] as const)));
  const links = graph.links.flatMap((l): Link[] => {
    const [to, from] = [target.get(l.id), origin.get(l.id)];
    if (to !== undefined) return [{ ...l, target_id: instance.id, target_slot: to }];
    if (from !== undefined) return [{ ...l, origin_id: instance.id, origin_slot: from }];
    return chosen.has(l.target_id) || chosen.has(l.origin_id) ? [] : [l];
  });
  const kept = new Set(links.map((l) => l.id));
  const ends = 'inputNode' in graph ? { inputs: (graph as Subgraph).inputs.map((s) => ({ ...s, linkIds: s.linkIds?.filter((l) => kept.has(l)) ?? [] })) } : {};
  const nodes = graph.nodes.filter((n) => !chosen.has(n.id)).map((n) => ({ ...n, outputs: n.outputs.map((o) => (o.links?.some((l) => !kept.has(l)) ? { ...o, links: o.links.filter((l) => kept.has(l)) } : o)) }));
  return { ...graph, ...ends, links, nodes };
}

/** Puts the nodes of a subgraph in place of a node that stands for it; the definition goes with the last of these. */
export function unpackSubgraph(workflow: Workflow, at: GraphId, id: Id, schema: Schema): { workflow: Workflow; ids: Id[] } {
  const graph = graphAt(workflow, at);
  const instance = graph && nodeMap(graph).get(id);
  const s = instance && subgraph(workflow, instance.type);
  if (graph === undefined || instance === undefined || s === undefined) return { workflow, ids: [] };
  const first = freeNodeId(workflow);
  const renamed = new Map<Id, Id>(s.nodes.map((n, i) => [n.id, first + i]));
  const links = unpackedLinks(graph, s, instance, renamed);
  const [left, top] = s.nodes.length === 0 ? [0, 0] : box(s.nodes);
  const nodes = withPromotedValues(instance, workflow, schema).map((n): GraphNode => {
    const own = renamed.get(n.id) ?? n.id;
    return {
      ...n, id: own, pos: [n.pos[0] - left + instance.pos[0], n.pos[1] - top + instance.pos[1]], mode: instance.mode === 0 ? n.mode : instance.mode,
      inputs: n.inputs.map((slot) => ({ ...slot, link: null })), outputs: n.outputs.map((slot) => ({ ...slot, links: [] })),
    };
  });
  const unpacked = links.reduce((w, l) => editGraph(w, at, (g) => joined(g, l)), addNodes(removeNodes(workflow, at, [id]), at, nodes));
  return { workflow: withoutUnused(unpacked, s.id), ids: nodes.map((n) => n.id) };
}

/** The links inside, and those outside joined to them. A link that only passes through joins its two ends. */
function unpackedLinks(graph: Graph, s: Subgraph, instance: GraphNode, renamed: ReadonlyMap<Id, Id>): Link[] {
  let next = freeLinkId(graph);
  const byId = new Map(graph.links.map((l) => [l.id, l]));
  const sourceOf = (l: Link): [Id, number] | null => {
    if (Number(l.origin_id) !== inside.input) return [renamed.get(l.origin_id) ?? l.origin_id, l.origin_slot];
    const outer = byId.get(instance.inputs[l.origin_slot]?.link ?? '');
    return outer === undefined ? null : [outer.origin_id, outer.origin_slot];
  };
  return s.links.flatMap((l): Link[] => {
    const source = sourceOf(l);
    if (source === null) return [];
    const made = (target_id: Id, target_slot: number): Link => ({ id: next++, origin_id: source[0], origin_slot: source[1], target_id, target_slot, type: l.type });
    if (Number(l.target_id) !== inside.output) return [made(renamed.get(l.target_id) ?? l.target_id, l.target_slot)];
    return (instance.outputs[l.target_slot]?.links ?? []).flatMap((id) => {
      const outer = byId.get(id);
      return outer === undefined ? [] : [made(outer.target_id, outer.target_slot)];
    });
  });
}

/** Adds a link to a graph and to both of its ends. */
function joined(g: Graph, l: Link): Graph {
  const ends =
    'inputNode' in g
      ? {
          inputs: (g as Subgraph).inputs.map((s, i) => (Number(l.origin_id) === inside.input && i === l.origin_slot ? { ...s, linkIds: [...(s.linkIds ?? []), l.id] } : s)),
          outputs: (g as Subgraph).outputs.map((s, i) => (Number(l.target_id) === inside.output && i === l.target_slot ? { ...s, linkIds: [l.id] } : s)),
        }
      : {};
  const nodes = g.nodes.map((n) => {
    if (n.id === l.origin_id) return { ...n, outputs: n.outputs.map((o, i) => (i === l.origin_slot ? { ...o, links: [...(o.links ?? []), l.id] } : o)) };
    return n.id === l.target_id ? { ...n, inputs: n.inputs.map((s, i) => (i === l.target_slot ? { ...s, link: l.id } : s)) } : n;
  });
  return { ...g, ...ends, ...('last_link_id' in g ? { last_link_id: l.id } : {}), links: [...g.links, l], nodes };
}

function withoutUnused(workflow: Workflow, id: string): Workflow {
  const graphs: readonly Graph[] = [workflow, ...(workflow.definitions?.subgraphs ?? [])];
  if (graphs.some((g) => g.nodes.some((n) => n.type === id))) return workflow;
  return { ...workflow, definitions: { ...workflow.definitions, subgraphs: workflow.definitions?.subgraphs?.filter((s) => s.id !== id) ?? [] } };
}
