import type { Schema } from '../schema/types';
import { addLink, addNodes, newNode } from './edit';
import { editGraph, freeNodeId, graphAt, nodeMap } from './graph';
import type { Graph, GraphId, GraphNode, Id, Link, Point, Workflow } from './types';
import { withValue } from './values';

/**
 * Puts an actor into a workflow: LoadActor and ApplyActor between the prompt and each sampler that it feeds. Where nothing samples yet the two
 * nodes are there to be linked. place is for LoadActor where there is no prompt beside which it could lie. null where the server has no such nodes.
 */
export function insertActor(workflow: Workflow, at: GraphId, schema: Schema, name: string, place: Point): { workflow: Workflow; ids: Id[] } | null {
  const [load, apply] = [schema.get('LoadActor'), schema.get('ApplyActor')];
  const graph = graphAt(workflow, at);
  if (load === undefined || apply === undefined || graph === undefined) return null;
  const [loadId, applyId] = [freeNodeId(workflow), freeNodeId(workflow) + 1];
  const prompts = positiveLinks(graph);
  const first = prompts[0];
  const beside = first && nodeMap(graph).get(first.origin_id);
  const [x, y] = beside ? [beside.pos[0] + beside.size[0] + 40, beside.pos[1] - 160] : place;
  const loader = withValue(newNode(load, loadId, [x, y]), load, 'actor_name', name);
  const applier = newNode(apply, applyId, [x, y + loader.size[1] + 50]);
  const room = first && nodeMap(graph).get(first.target_id);
  let next = addNodes(room ? shifted(workflow, at, room.pos[0], x + loader.size[0] + 60 - room.pos[0]) : workflow, at, [loader, applier]);
  const link = (from: Id, output: number, to: Id, input: string) => (next = addLink(next, at, { from, output, to, input }, schema));
  link(loadId, 0, applyId, 'actor');
  if (first) {
    const model = modelOf(graph, first.target_id);
    if (model) link(model.origin_id, model.origin_slot, loadId, 'model');
    link(first.origin_id, first.origin_slot, applyId, 'conditioning');
    for (const p of prompts.filter((l) => l.origin_id === first.origin_id)) link(applyId, 0, p.target_id, inputName(graph, p));
  }
  return { workflow: next, ids: [loadId, applyId] };
}

/** Moves everything from a place on to the right, to make room. */
function shifted(workflow: Workflow, at: GraphId, from: number, by: number): Workflow {
  if (by <= 0) return workflow;
  return editGraph(workflow, at, (graph) => ({ ...graph, nodes: graph.nodes.map((n) => (n.pos[0] >= from ? { ...n, pos: [n.pos[0] + by, n.pos[1]] } : n)) }));
}

/** The links that bring a prompt to what samples by it. */
function positiveLinks(graph: Graph): Link[] {
  return graph.links.filter((l) => inputName(graph, l) === 'positive');
}

function modelOf(graph: Graph, sampler: Id): Link | undefined {
  return graph.links.find((l) => l.target_id === sampler && inputName(graph, l) === 'model');
}

function inputName(graph: Graph, l: Link): string {
  const node: GraphNode | undefined = nodeMap(graph).get(l.target_id);
  return node?.inputs[l.target_slot]?.name ?? '';
}
