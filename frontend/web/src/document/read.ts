import { isList, isObject, type Json, type JsonObject } from '../json/value';
import type { Graph, Group, Id, Link, Point, Workflow } from './types';

/** Says why a value is no workflow. */
export class NoWorkflowError extends Error {
  override readonly name = 'NoWorkflowError';
}

/**
 * Reads UI JSON as the server opens it, schema 0.4 or 1. Positions that older files keep as {"0": x, "1": y} become lists, links become
 * objects (`write` makes them lists again), and absent lists become empty ones. Throws NoWorkflowError.
 */
export function read(json: Json): Workflow {
  if (!isObject(json) || !isList(json.nodes)) {
    throw new NoWorkflowError('This is no workflow: there is no list of nodes in it. Open a workflow file, or a picture that was saved with one.');
  }
  const workflow = readGraph(json, 'workflow') as Workflow;
  if (!isObject(json.definitions) || !isList(json.definitions.subgraphs)) return workflow;
  const subgraphs = json.definitions.subgraphs.map((s, i) => {
    if (!isObject(s) || typeof s.id !== 'string') throw new NoWorkflowError(`Subgraph ${i} has no id, so it cannot be opened.`);
    return { inputs: [], outputs: [], inputNode: { id: -10, bounding: [] }, outputNode: { id: -20, bounding: [] }, ...readGraph(s, `subgraph ${s.id}`) };
  });
  return { ...workflow, definitions: { ...json.definitions, subgraphs: subgraphs as never } };
}

function readGraph(json: JsonObject, where: string): Graph {
  const seen = new Set<Id>();
  const nodes = (isList(json.nodes) ? json.nodes : []).map((n, i) => {
    const id = isObject(n) ? n.id : undefined;
    if (!isObject(n) || (typeof id !== 'number' && typeof id !== 'string') || typeof n.type !== 'string') {
      throw new NoWorkflowError(`Node ${i} of the ${where} has no id or no type, so it cannot be drawn.`);
    }
    if (seen.has(id)) throw new NoWorkflowError(`Two nodes of the ${where} have the id ${id}; give each an id of its own.`);
    seen.add(id);
    return {
      ...n,
      pos: point(n.pos, [0, 0]),
      size: point(n.size, [225, 80]),
      mode: typeof n.mode === 'number' ? n.mode : 0,
      flags: isObject(n.flags) ? n.flags : {},
      inputs: slots(n.inputs).map((s) => ({ ...s, link: s.link ?? null })),
      outputs: slots(n.outputs).map((s) => ({ ...s, links: s.links ?? null })),
      properties: isObject(n.properties) ? n.properties : {},
    };
  });
  return { ...json, nodes: nodes as unknown as Graph['nodes'], links: readLinks(json.links), groups: readGroups(json.groups) };
}

function slots(value: Json | undefined): JsonObject[] {
  return (isList(value) ? value : []).filter(isObject).map((s) => ({ ...s, name: text(s.name), type: text(s.type, 'COMBO') }));
}

/** Older files give the choices of a drop-down as the type. */
function text(value: Json | undefined, list = ''): string {
  if (isList(value)) return list;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function point(value: Json | undefined, otherwise: Point): Point {
  const [x, y] = isList(value) ? value : isObject(value) ? [value['0'], value['1']] : otherwise;
  return [Number.isFinite(x) ? (x as number) : otherwise[0], Number.isFinite(y) ? (y as number) : otherwise[1]];
}

/** Links are lists [id, origin, slot, target, slot, type] or objects; what is neither is left out. */
function readLinks(value: Json | undefined): Link[] {
  return (isList(value) ? value : []).flatMap((l): Link[] => {
    if (isObject(l)) return 'id' in l ? [{ ...(l as unknown as Link), type: text(l.type, 'COMBO') }] : [];
    if (!isList(l) || l.length < 5) return [];
    const [id, origin_id, origin_slot, target_id, target_slot] = l as readonly [Id, Id, number, Id, number, ...Json[]];
    return [{ id, origin_id, origin_slot, target_id, target_slot, type: text(l[5], 'COMBO') }];
  });
}

function readGroups(value: Json | undefined): Group[] {
  return (isList(value) ? value : []).filter(isObject).flatMap((g): Group[] => {
    const [x, y, width, height] = (isList(g.bounding) ? g.bounding : []).map(Number);
    if (x === undefined || y === undefined || width === undefined || height === undefined) return [];
    const bounding = [x, y, width, height] as const;
    return bounding.every(Number.isFinite) ? [{ ...(g as object), title: text(g.title), bounding }] : [];
  });
}
