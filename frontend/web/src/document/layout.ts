import type { Graph, Id, Point } from './types';

/**
 * Places for nodes in columns from sources to results. The layout engine is loaded when it is first needed. only leaves the other nodes
 * where they are, and the upper left corner of those that move stays.
 */
export async function layout(graph: Graph, only?: ReadonlySet<Id>): Promise<Map<Id, Point>> {
  const dagre = await import('@dagrejs/dagre');
  const nodes = graph.nodes.filter((n) => only === undefined || only.size < 2 || only.has(n.id));
  const g = new dagre.Graph().setGraph({ rankdir: 'LR', nodesep: 40, ranksep: 90 }).setDefaultEdgeLabel(() => ({}));
  for (const n of nodes) g.setNode(String(n.id), { width: n.size[0], height: n.size[1] + 30 });
  for (const l of graph.links) if (g.hasNode(String(l.origin_id)) && g.hasNode(String(l.target_id))) g.setEdge(String(l.origin_id), String(l.target_id));
  dagre.layout(g);
  const placed = nodes.map((n) => {
    const { x, y, width, height } = g.node(String(n.id)) as { x: number; y: number; width: number; height: number };
    return { id: n.id, x: x - width / 2, y: y - height / 2 };
  });
  const dx = Math.min(...nodes.map((n) => n.pos[0])) - Math.min(...placed.map((p) => p.x));
  const dy = Math.min(...nodes.map((n) => n.pos[1])) - Math.min(...placed.map((p) => p.y));
  return new Map(placed.map((p) => [p.id, [Math.round(p.x + dx), Math.round(p.y + dy)]]));
}
