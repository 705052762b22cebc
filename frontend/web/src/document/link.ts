import { fits } from '../schema/socket';
import type { Schema } from '../schema/types';
import { faceOf } from './face';
import { graphAt, nodeMap } from './graph';
import type { Graph, GraphId, Id, Workflow } from './types';

/** A link to be made: from an output to an input, which is known by its name. */
export type Wish = { readonly from: Id; readonly output: number; readonly to: Id; readonly input: string };

/** Says why a link cannot be made, in words for the person who drags it; null if it can. */
export function canLink(wish: Wish, workflow: Workflow, at: GraphId, schema: Schema): string | null {
  const graph = graphAt(workflow, at);
  const nodes = graph && nodeMap(graph);
  const from = nodes?.get(wish.from);
  const to = nodes?.get(wish.to);
  if (graph === undefined || from === undefined || to === undefined) return 'One of the nodes is gone.';
  const output = faceOf(from, workflow, schema).outputs[wish.output];
  const input = faceOf(to, workflow, schema).inputs.find((i) => i.name === wish.input);
  if (output === undefined || input === undefined) return 'The node has no such socket.';
  if (wish.from === wish.to) return 'A node cannot be linked to itself.';
  if (!fits(output.type, input.type)) return `${output.type} does not fit ${input.type}.`;
  if (reaches(graph, wish.to, wish.from)) return 'This would close a circle: the node would wait for its own result.';
  return null;
}

/** Says whether a node's result goes, on any way, into another one. */
function reaches(graph: Graph, from: Id, to: Id): boolean {
  const next = new Map<Id, Id[]>();
  for (const l of graph.links) next.set(l.origin_id, [...(next.get(l.origin_id) ?? []), l.target_id]);
  const seen = new Set<Id>([from]);
  const queue = [from];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const n of next.get(id) ?? []) {
      if (n === to) return true;
      if (!seen.has(n)) queue.push(n);
      seen.add(n);
    }
  }
  return false;
}
