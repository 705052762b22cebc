import { isObject, type Json } from '../json/value';
import { parse, stringify } from '../json/text';
import { addNodes } from './edit';
import { editGraph, freeLinkId, freeNodeId, graphAt } from './graph';
import { read } from './read';
import type { Graph, GraphId, GraphNode, Id, Link, Point, Workflow } from './types';

/** What the text on the clipboard begins with, so that other texts are told apart. */
const kind = 'oneactor-nodes';

/** The text of some nodes with the links among them and, for `Paste with links`, those that come in from others. */
export function copyNodes(workflow: Workflow, at: GraphId, ids: Iterable<Id>): string {
  const chosen = new Set(ids);
  const graph = graphAt(workflow, at);
  const nodes = graph?.nodes.filter((n) => chosen.has(n.id)) ?? [];
  const links = graph?.links.filter((l) => chosen.has(l.target_id)) ?? [];
  const definitions = workflow.definitions?.subgraphs?.filter((s) => nodes.some((n) => n.type === s.id)) ?? [];
  return stringify({ kind, nodes, links, definitions: { subgraphs: definitions } } as unknown as Json);
}

/** What copyNodes wrote; null for any other text. */
export function readClipboard(text: string): Workflow | null {
  try {
    const json = parse(text);
    return isObject(json) && json.kind === kind ? read(json) : null;
  } catch {
    return null; // a text of something else
  }
}

/** Pastes nodes so that their upper left corner is at a point. The new nodes' ids come back, to be selected. */
export function pasteNodes(workflow: Workflow, at: GraphId, pasted: Workflow, corner: Point, outerLinks = false): { workflow: Workflow; ids: Id[] } {
  const graph = graphAt(workflow, at);
  if (graph === undefined || pasted.nodes.length === 0) return { workflow, ids: [] };
  const first = freeNodeId(workflow);
  const renamed = new Map<Id, Id>(pasted.nodes.map((n, i) => [n.id, first + i]));
  const links = pasteLinks(graph, pasted.links, renamed, outerLinks);
  const left = Math.min(...pasted.nodes.map((n) => n.pos[0]));
  const top = Math.min(...pasted.nodes.map((n) => n.pos[1]));
  const nodes = pasted.nodes.map((n) => pastedNode(n, renamed.get(n.id) ?? n.id, [n.pos[0] - left + corner[0], n.pos[1] - top + corner[1]], links));
  const joined = editGraph(withDefinitions(addNodes(workflow, at, nodes), pasted), at, (g) => withLinks(g, links));
  return { workflow: joined, ids: nodes.map((n) => n.id) };
}

/** Subgraphs that came along from another workflow. */
function withDefinitions(workflow: Workflow, pasted: Workflow): Workflow {
  const have = workflow.definitions?.subgraphs ?? [];
  const missing = (pasted.definitions?.subgraphs ?? []).filter((s) => !have.some((h) => h.id === s.id));
  return missing.length === 0 ? workflow : { ...workflow, definitions: { ...workflow.definitions, subgraphs: [...have, ...missing] } };
}

function pasteLinks(graph: Graph, links: readonly Link[], renamed: ReadonlyMap<Id, Id>, outer: boolean): Link[] {
  let next = freeLinkId(graph);
  const here = new Set(graph.nodes.map((n) => n.id));
  return links.flatMap((l) => {
    const target = renamed.get(l.target_id);
    const origin = renamed.get(l.origin_id) ?? (outer && here.has(l.origin_id) ? l.origin_id : undefined);
    return target === undefined || origin === undefined ? [] : [{ ...l, id: next++, origin_id: origin, target_id: target }];
  });
}

function pastedNode(n: GraphNode, id: Id, pos: Point, links: readonly Link[]): GraphNode {
  const into = links.filter((l) => l.target_id === id);
  const out = links.filter((l) => l.origin_id === id);
  return {
    ...n,
    id,
    pos,
    inputs: n.inputs.map((s, i) => ({ ...s, link: into.find((l) => l.target_slot === i)?.id ?? null })),
    outputs: n.outputs.map((s, i) => ({ ...s, links: out.filter((l) => l.origin_slot === i).map((l) => l.id) })),
  };
}

/** Adds links, also to the outputs of nodes that were there before. */
function withLinks(graph: Graph, links: readonly Link[]): Graph {
  if (links.length === 0) return graph;
  const ids = new Set(links.map((l) => l.id));
  const nodes = graph.nodes.map((n) => {
    const mine = links.filter((l) => l.origin_id === n.id);
    if (mine.length === 0) return n;
    const outputs = n.outputs.map((s, i) => {
      const before = (s.links ?? []).filter((id) => !ids.has(id));
      return { ...s, links: [...before, ...mine.filter((l) => l.origin_slot === i).map((l) => l.id)] };
    });
    return { ...n, outputs };
  });
  const last = Math.max(...links.map((l) => Number(l.id)));
  return { ...graph, ...('last_link_id' in graph ? { last_link_id: last } : {}), nodes, links: [...graph.links, ...links] };
}
