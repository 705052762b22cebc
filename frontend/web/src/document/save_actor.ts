import type { Schema } from '../schema/types';
import { addLink, addNodes, editNodes, newNode } from './edit';
import { freeNodeId, graphAt, nodeMap } from './graph';
import type { GraphId, Id, Workflow } from './types';
import { withValue } from './values';

/**
 * The workflow with a node that saves the actor of another node, and that node's id. A SaveActor that is already linked to it is used again.
 * null where the node gives no actor, or the server cannot save any.
 */
export function withSavedActor(workflow: Workflow, at: GraphId, schema: Schema, node: Id, name: string): { workflow: Workflow; id: Id } | null {
  const c = schema.get('SaveActor');
  const graph = graphAt(workflow, at);
  const source = graph && nodeMap(graph).get(node);
  const output = source?.outputs.findIndex((o) => o.type === 'ACTOR') ?? -1;
  if (c === undefined || graph === undefined || source === undefined || output < 0) return null;
  const nameInput = c.inputs.find((i) => i.type === 'STRING')?.name ?? '';
  const known = graph.nodes.find((n) => n.type === c.name && graph.links.some((l) => l.target_id === n.id && l.origin_id === node));
  if (known) return { workflow: editNodes(workflow, at, [known.id], (n) => withValue(n, c, nameInput, name)), id: known.id };
  const id = freeNodeId(workflow);
  const saver = withValue(newNode(c, id, [source.pos[0], source.pos[1] + source.size[1] + 60]), c, nameInput, name);
  const input = c.inputs.find((i) => i.type === 'ACTOR')?.name ?? '';
  return { workflow: addLink(addNodes(workflow, at, [saver]), at, { from: node, output, to: id, input }, schema), id };
}
