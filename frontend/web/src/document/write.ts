import type { Json } from '../json/value';
import type { Link, Workflow } from './types';

/** Writes a workflow in the form of its file: links are lists in schema 0.4, and objects in schema 1 and inside subgraphs. */
export function write(workflow: Workflow): Json {
  const links = workflow.version === 1 ? workflow.links : workflow.links.map(asList);
  // Everything in a workflow came from JSON or is made of JSON's values.
  return { ...workflow, links } as unknown as Json;
}

function asList(l: Link): Json {
  return [l.id, l.origin_id, l.origin_slot, l.target_id, l.target_slot, l.type] as Json;
}
