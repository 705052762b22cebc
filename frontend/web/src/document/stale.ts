import { stringify } from '../json/text';
import { graphAt, nodeMap } from './graph';
import type { Graph, GraphId, GraphNode, Id, Workflow } from './types';

const results = new WeakMap<Graph, { before: Graph; stale: ReadonlySet<Id> }>();

/**
 * The nodes whose results no longer fit the workflow: those that differ from when it last ran, and all that follow from them. Places,
 * sizes, titles and colours do not count.
 */
export function staleNodes(before: Workflow | null, now: Workflow, at: GraphId): ReadonlySet<Id> {
  const was = before === null ? undefined : graphAt(before, at);
  const is = graphAt(now, at);
  if (was === undefined || is === undefined || was === is) return new Set();
  const known = results.get(is);
  if (known?.before === was) return known.stale;
  const stale = follow(is, is.nodes.filter((n) => differs(n, nodeMap(was).get(n.id), was, is)).map((n) => n.id));
  results.set(is, { before: was, stale });
  return stale;
}

function follow(graph: Graph, from: readonly Id[]): ReadonlySet<Id> {
  const stale = new Set<Id>(from);
  for (const id of stale) for (const l of graph.links) if (l.origin_id === id) stale.add(l.target_id);
  return stale;
}

function differs(now: GraphNode, before: GraphNode | undefined, was: Graph, is: Graph): boolean {
  if (now === before) return false;
  if (before?.type !== now.type || before.mode !== now.mode || !sameValues(before, now)) return true;
  return sources(now, is) !== sources(before, was);
}

function sameValues(a: GraphNode, b: GraphNode): boolean {
  return a.widgets_values === b.widgets_values || stringify((a.widgets_values ?? null)) === stringify((b.widgets_values ?? null));
}

/** What feeds a node, in a word. */
function sources(node: GraphNode, graph: Graph): string {
  return graph.links
    .filter((l) => l.target_id === node.id)
    .map((l) => `${node.inputs[l.target_slot]?.name ?? ''}=${l.origin_id}:${l.origin_slot}`)
    .sort()
    .join();
}
