import type { NodeClass, Schema } from '../schema/types';
import { faceOf } from './face';
import { editGraph, freeLinkId, freeNodeId, graphAt, nodeMap } from './graph';
import type { Wish } from './link';
import type { Graph, GraphId, GraphNode, Id, InputSlot, Link, Point, Subgraph, SubgraphSlot, Workflow } from './types';
import { initialValues } from './values';

/** The graph with some nodes changed; nodes for which change gives the same node back stay as they are. */
export function editNodes(workflow: Workflow, at: GraphId, ids: Iterable<Id>, change: (node: GraphNode) => GraphNode): Workflow {
  const chosen = new Set(ids);
  return editGraph(workflow, at, (graph) => {
    const nodes = graph.nodes.map((n) => (chosen.has(n.id) ? change(n) : n));
    return nodes.some((n, i) => n !== graph.nodes[i]) ? { ...graph, nodes } : graph;
  });
}

/** A node of a class as it is when it is new; the size is a first guess, which the canvas corrects. */
export function newNode(c: NodeClass, id: Id, pos: Point): GraphNode {
  const sockets = c.inputs.filter((i) => !i.widget);
  const rows = Math.max(sockets.length, c.outputs.length) + c.inputs.length - sockets.length;
  return {
    id,
    type: c.name,
    pos,
    size: [c.inputs.some((i) => i.options.multiline === true) ? 400 : 270, 40 + 26 * rows],
    flags: {},
    order: 0,
    mode: 0,
    inputs: sockets.map((i) => ({ name: i.name, type: i.type, link: null })),
    outputs: c.outputs.map((o) => ({ name: o.name, type: o.type, links: null })),
    properties: c.virtual ? {} : { 'Node name for S&R': c.name },
    widgets_values: initialValues(c),
  };
}

/** Adds nodes; their ids must be free (freeNodeId). */
export function addNodes(workflow: Workflow, at: GraphId, added: readonly GraphNode[]): Workflow {
  if (added.length === 0) return workflow;
  const withNodes = editGraph(workflow, at, (graph) => ({ ...graph, nodes: [...graph.nodes, ...added] }));
  const last = freeNodeId(withNodes) - 1;
  return Number(withNodes.last_node_id) === last ? withNodes : { ...withNodes, last_node_id: last };
}

/** Removes nodes with their links. */
export function removeNodes(workflow: Workflow, at: GraphId, ids: Iterable<Id>): Workflow {
  const gone = new Set(ids);
  const graph = graphAt(workflow, at);
  if (!graph?.nodes.some((n) => gone.has(n.id))) return workflow;
  const loose = graph.links.filter((l) => gone.has(l.origin_id) || gone.has(l.target_id)).map((l) => l.id);
  return editGraph(removeLinks(workflow, at, loose), at, (g) => ({ ...g, nodes: g.nodes.filter((n) => !gone.has(n.id)) }));
}

/** Removes links from both of their ends, also where these are the ends of a subgraph. */
export function removeLinks(workflow: Workflow, at: GraphId, ids: Iterable<Id>): Workflow {
  const gone = new Set(ids);
  if (gone.size === 0) return workflow;
  return editGraph(workflow, at, (graph) => {
    if (!graph.links.some((l) => gone.has(l.id))) return graph;
    return { ...graph, ...(at === null ? {} : unlinkedEnds(graph as Subgraph, gone)), links: graph.links.filter((l) => !gone.has(l.id)), nodes: graph.nodes.map((n) => unlinked(n, gone)) };
  });
}

function unlinkedEnds(graph: Subgraph, gone: ReadonlySet<Id>): Pick<Subgraph, 'inputs' | 'outputs'> {
  const slots = (list: readonly SubgraphSlot[]) => list.map((s) => (s.linkIds?.some((l) => gone.has(l)) ? { ...s, linkIds: s.linkIds.filter((l) => !gone.has(l)) } : s));
  return { inputs: slots(graph.inputs), outputs: slots(graph.outputs) };
}

function unlinked(node: GraphNode, gone: ReadonlySet<Id>): GraphNode {
  const input = node.inputs.some((s) => s.link !== null && gone.has(s.link));
  const output = node.outputs.some((s) => s.links?.some((l) => gone.has(l)));
  if (!input && !output) return node;
  return {
    ...node,
    inputs: input ? node.inputs.map((s) => (s.link !== null && gone.has(s.link) ? { ...s, link: null } : s)) : node.inputs,
    outputs: output ? node.outputs.map((s) => (s.links ? { ...s, links: s.links.filter((l) => !gone.has(l)) } : s)) : node.outputs,
  };
}

/** Makes a link that canLink allows; a link that was in the input goes. */
export function addLink(workflow: Workflow, at: GraphId, wish: Wish, schema: Schema): Workflow {
  const before = graphAt(workflow, at);
  const target = before && nodeMap(before).get(wish.to);
  const old = target?.inputs.find((s) => (s.widget?.name ?? s.name) === wish.input)?.link;
  const freed = old == null ? workflow : removeLinks(workflow, at, [old]);
  return editGraph(freed, at, (graph) => {
    const nodes = nodeMap(graph);
    const from = nodes.get(wish.from);
    const to = nodes.get(wish.to);
    if (from === undefined || to === undefined) return graph;
    const { slots, slot } = withSlot(to, wish.input, faceOf(to, freed, schema).inputs.find((i) => i.name === wish.input)?.widget != null, schema);
    const type = from.outputs[wish.output]?.type ?? '*';
    const link: Link = { id: freeLinkId(graph), origin_id: from.id, origin_slot: wish.output, target_id: to.id, target_slot: slot, type };
    return { ...graph, ...counted(graph, link.id), links: [...graph.links, link], nodes: graph.nodes.map((n) => joined(n, link, from, to, slots)) };
  });
}

function counted(graph: Graph, id: Id): Partial<Graph> {
  return 'last_link_id' in graph ? { last_link_id: id } : {};
}

function joined(n: GraphNode, link: Link, from: GraphNode, to: GraphNode, slots: readonly InputSlot[]): GraphNode {
  if (n === from) return { ...n, outputs: n.outputs.map((s, i) => (i === link.origin_slot ? { ...s, links: [...(s.links ?? []), link.id] } : s)) };
  return n === to ? { ...n, inputs: slots.map((s, i) => (i === link.target_slot ? { ...s, link: link.id } : s)) } : n;
}

/** The input slots with one for a name: a widget gets its slot when the first link comes. */
function withSlot(node: GraphNode, name: string, widget: boolean, schema: Schema): { slots: readonly InputSlot[]; slot: number } {
  const slot = node.inputs.findIndex((s) => (s.widget?.name ?? s.name) === name);
  if (slot >= 0) return { slots: node.inputs, slot };
  const type = schema.get(node.type)?.inputs.find((i) => i.name === name)?.type ?? '*';
  const added: InputSlot = { name, type, link: null, ...(widget ? { widget: { name } } : {}) };
  return { slots: [...node.inputs, added], slot: node.inputs.length };
}

/** Moves nodes to the given places. */
export function moveNodes(workflow: Workflow, at: GraphId, places: ReadonlyMap<Id, Point>): Workflow {
  return editNodes(workflow, at, places.keys(), (n) => {
    const pos = places.get(n.id) ?? n.pos;
    return pos[0] === n.pos[0] && pos[1] === n.pos[1] ? n : { ...n, pos };
  });
}
