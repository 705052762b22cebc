import type { Graph, GraphId, GraphNode, Id, Subgraph, Workflow } from './types';

/** An empty workflow. */
export const empty: Workflow = { last_node_id: 0, last_link_id: 0, nodes: [], links: [], groups: [], config: {}, extra: {}, version: 0.4 };

/** The canvas with that id; undefined where a subgraph is gone. */
export function graphAt(workflow: Workflow, id: GraphId): Graph | undefined {
  return id === null ? workflow : subgraph(workflow, id);
}

export function subgraph(workflow: Workflow, id: string): Subgraph | undefined {
  return workflow.definitions?.subgraphs?.find((s) => s.id === id);
}

/** The workflow with one canvas edited; the same workflow where nothing changed. */
export function editGraph(workflow: Workflow, id: GraphId, edit: (graph: Graph) => Graph): Workflow {
  const before = graphAt(workflow, id);
  if (before === undefined) return workflow;
  const after = edit(before);
  if (after === before) return workflow;
  if (id === null) return after;
  const subgraphs = workflow.definitions?.subgraphs?.map((s) => (s.id === id ? (after as Subgraph) : s));
  return { ...workflow, definitions: { ...workflow.definitions, subgraphs: subgraphs ?? [] } };
}

const nodesById = new WeakMap<readonly GraphNode[], ReadonlyMap<Id, GraphNode>>();

/** The nodes by id; made once for each state of a graph. */
export function nodeMap(graph: Graph): ReadonlyMap<Id, GraphNode> {
  let map = nodesById.get(graph.nodes);
  if (map === undefined) {
    map = new Map(graph.nodes.map((n) => [n.id, n]));
    nodesById.set(graph.nodes, map);
  }
  return map;
}

/** A number that no node has, in any canvas: the server tells nodes apart by it. */
export function freeNodeId(workflow: Workflow): number {
  const graphs: Graph[] = [workflow, ...(workflow.definitions?.subgraphs ?? [])];
  return highest(graphs.flatMap((g) => [Number(g.last_node_id), ...g.nodes.map((n) => Number(n.id))])) + 1;
}

export function freeLinkId(graph: Graph): number {
  return highest([Number(graph.last_link_id), ...graph.links.map((l) => Number(l.id))]) + 1;
}

function highest(numbers: readonly number[]): number {
  return numbers.reduce((max, n) => (Number.isSafeInteger(n) && n > max ? n : max), 0);
}
