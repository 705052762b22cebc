import { editGraph, nodeMap } from './graph';
import type { Graph, GraphId, GraphNode, Group, Id, Workflow } from './types';

/** Room around the nodes of a group, and for its title. */
const padding = 16;
const titleHeight = 40;

/** Puts a frame around nodes. */
export function addGroup(workflow: Workflow, at: GraphId, ids: Iterable<Id>, title = 'Group'): Workflow {
  return editGraph(workflow, at, (graph) => {
    const nodes = [...ids].flatMap((id) => nodeMap(graph).get(id) ?? []);
    if (nodes.length === 0) return graph;
    return { ...graph, groups: [...graph.groups, { title, bounding: around(nodes), color: '#3f789e', font_size: 24, flags: {} }] };
  });
}

function around(nodes: readonly GraphNode[]): Group['bounding'] {
  const left = Math.min(...nodes.map((n) => n.pos[0])) - padding;
  const top = Math.min(...nodes.map((n) => n.pos[1])) - padding - titleHeight;
  const right = Math.max(...nodes.map((n) => n.pos[0] + n.size[0])) + padding;
  const bottom = Math.max(...nodes.map((n) => n.pos[1] + n.size[1])) + padding;
  return [left, top, right - left, bottom - top];
}

/** The nodes whose middle lies in a group: they move with it. */
function nodesInside(graph: Graph, group: Group): GraphNode[] {
  const [x, y, width, height] = group.bounding;
  return graph.nodes.filter((n) => {
    const [cx, cy] = [n.pos[0] + n.size[0] / 2, n.pos[1] + n.size[1] / 2];
    return cx >= x && cx <= x + width && cy >= y && cy <= y + height;
  });
}

/** Changes the group at a place in the list. */
export function editGroup(workflow: Workflow, at: GraphId, index: number, change: (group: Group) => Group): Workflow {
  return editGraph(workflow, at, (graph) => ({ ...graph, groups: graph.groups.map((g, i) => (i === index ? change(g) : g)) }));
}

/** Removes the frame; the nodes stay. */
export function removeGroup(workflow: Workflow, at: GraphId, index: number): Workflow {
  return editGraph(workflow, at, (graph) => ({ ...graph, groups: graph.groups.filter((_, i) => i !== index) }));
}

/** Moves a group with the nodes inside it. */
export function moveGroup(workflow: Workflow, at: GraphId, index: number, dx: number, dy: number): Workflow {
  return editGraph(workflow, at, (graph) => {
    const group = graph.groups[index];
    if (group === undefined || (dx === 0 && dy === 0)) return graph;
    const inside = new Set(nodesInside(graph, group).map((n) => n.id));
    const [x, y, width, height] = group.bounding;
    const groups = graph.groups.map((g, i) => (i === index ? { ...g, bounding: [x + dx, y + dy, width, height] as const } : g));
    const nodes = graph.nodes.map((n) => (inside.has(n.id) ? { ...n, pos: [n.pos[0] + dx, n.pos[1] + dy] as const } : n));
    return { ...graph, groups, nodes };
  });
}
