import { isList, isObject, type Json, type JsonObject } from '../json/value';
import type { NodeProblem } from './types';

/** Reads `node_errors` of a refused prompt: what is wrong with which input of which node. */
export function readProblems(nodeErrors: Json | undefined): Map<string, NodeProblem[]> {
  const found = new Map<string, NodeProblem[]>();
  if (!isObject(nodeErrors)) return found;
  for (const [id, entry] of Object.entries(nodeErrors)) {
    const errors = isObject(entry) && isList(entry.errors) ? entry.errors : [];
    found.set(id, errors.filter(isObject).map(readProblem));
  }
  return found;
}

function readProblem(e: JsonObject): NodeProblem {
  const text = (v: Json | undefined) => (typeof v === 'string' ? v : '');
  const extra = isObject(e.extra_info) ? e.extra_info : {};
  return { message: text(e.message), details: text(e.details), input: text(extra.input_name) || null };
}
