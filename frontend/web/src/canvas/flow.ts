import type { Edge, Node } from '@xyflow/react';

import { nodeMap } from '../document/graph';
import type { Graph, GraphNode, Id, Link, Subgraph } from '../document/types';
import { socketColour } from '../schema/socket';

/** Height of a node's title, which ComfyUI's files do not count: a node lies at the corner below it. */
export const titleHeight = 30;

export type NodeData = { readonly id: Id };
export type GroupData = { readonly index: number };
export type BoundaryData = { readonly side: 'in' | 'out' };
export type FlowNode = Node<NodeData, 'node'> | Node<GroupData, 'group'> | Node<BoundaryData, 'boundary'>;

const madeNodes = new WeakMap<GraphNode, FlowNode>();
const madeEdges = new WeakMap<Link, { edge: Edge; input: string }>();

/** The nodes that React Flow draws. One that has not changed is the same object, with what React Flow knows of it. */
export function flowNodes(graph: Graph, before: readonly FlowNode[]): FlowNode[] {
  const known = new Map(before.map((n) => [n.id, n]));
  const groups = graph.groups.map((g, index): FlowNode => {
    const [x, y, width, height] = g.bounding;
    const id = `group ${index}`;
    const old = known.get(id);
    if (old?.position.x === x && old.position.y === y && old.width === width && old.height === height) return old;
    return { ...(old?.type === 'group' ? old : {}), id, type: 'group', position: { x, y }, width, height, data: { index }, zIndex: -1, dragHandle: '.group-title' };
  });
  return [...groups, ...boundaries(graph, known), ...graph.nodes.map((n) => flowNode(n, known.get(String(n.id))))];
}

function flowNode(n: GraphNode, old: FlowNode | undefined): FlowNode {
  const made = madeNodes.get(n) ?? makeNode(n);
  madeNodes.set(n, made);
  if (old?.type !== 'node') return made;
  if (old.position.x === made.position.x && old.position.y === made.position.y && old.width === made.width && old.draggable === made.draggable) return old;
  return { ...made, ...(old.measured ? { measured: old.measured } : {}), selected: old.selected ?? false };
}

function makeNode(n: GraphNode): FlowNode {
  const width = n.flags.collapsed === true ? {} : { width: Math.max(n.size[0], 140) };
  return { id: String(n.id), type: 'node', position: { x: n.pos[0], y: n.pos[1] - titleHeight }, data: { id: n.id }, draggable: n.flags.pinned !== true, ...width };
}

/** The two ends of a subgraph, where its inside meets what is around it. */
function boundaries(graph: Graph, known: ReadonlyMap<string, FlowNode>): FlowNode[] {
  if (!('inputNode' in graph)) return [];
  const { inputNode, outputNode } = graph as Subgraph;
  return [inputNode, outputNode].map((b, i): FlowNode => {
    const id = String(b.id);
    return known.get(id) ?? { id, type: 'boundary', position: { x: b.bounding[0] ?? 0, y: b.bounding[1] ?? 0 }, data: { side: i === 0 ? 'in' : 'out' }, deletable: false };
  });
}

/** The links that React Flow draws; those without both ends are left out. */
export function flowEdges(graph: Graph): Edge[] {
  const nodes = nodeMap(graph);
  return graph.links.flatMap((l) => {
    const target = nodes.get(l.target_id);
    const slot = target?.inputs[l.target_slot];
    const input = slot === undefined ? String(l.target_slot) : (slot.widget?.name ?? slot.name);
    if (target !== undefined && slot === undefined) return [];
    const known = madeEdges.get(l);
    if (known?.input === input) return [known.edge];
    const edge: Edge = {
      id: String(l.id), source: String(l.origin_id), target: String(l.target_id), sourceHandle: outputHandle(l.origin_slot), targetHandle: inputHandle(input),
      style: { stroke: socketColour(l.type) },
    };
    madeEdges.set(l, { edge, input });
    return [edge];
  });
}

export function outputHandle(slot: number): string {
  return `o${slot}`;
}

export function inputHandle(name: string): string {
  return `i${name}`;
}

/** What a graph covers, titles included; null for an empty one. */
export function boundsOf(graph: Graph, only?: ReadonlySet<Id>): { x: number; y: number; width: number; height: number } | null {
  const boxes = [
    ...graph.nodes.filter((n) => only === undefined || only.has(n.id)).map((n) => [n.pos[0], n.pos[1] - titleHeight, n.size[0], n.size[1] + titleHeight] as const),
    ...(only === undefined ? graph.groups.map((g) => g.bounding) : []),
  ];
  if (boxes.length === 0) return null;
  const [x, y] = [Math.min(...boxes.map((b) => b[0])), Math.min(...boxes.map((b) => b[1]))];
  return { x, y, width: Math.max(...boxes.map((b) => b[0] + b[2])) - x, height: Math.max(...boxes.map((b) => b[1] + b[3])) - y };
}

/** Which socket a handle is. */
export function readHandle(handle: string | null | undefined): { output: number } | { input: string } | null {
  if (handle == null) return null;
  return handle.startsWith('o') ? { output: Number(handle.slice(1)) } : { input: handle.slice(1) };
}
