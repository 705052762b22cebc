import { go, type KeysResult } from 'fuzzysort';

import { fits } from './socket';
import type { NodeClass, Schema } from './types';

/** The open end of a link, for which a node is looked for. */
export type OpenEnd = { readonly side: 'input' | 'output'; readonly type: string };

/** How often each class was added, which puts it higher. */
export type Uses = Readonly<Record<string, number>>;

/**
 * The classes that fit a search, best first. Without text, those used most come first, then those of a category; with one, letters may
 * be left out ("ksa" finds KSampler). open leaves only classes with an end that takes the link, those with exactly its type first.
 */
export function searchNodes(schema: Schema, text: string, open: OpenEnd | null = null, uses: Uses = {}): NodeClass[] {
  const classes = [...schema.values()].filter((c) => open === null || takes(c, open) !== 'no');
  const weight = (c: NodeClass) => Math.log2(1 + (uses[c.name] ?? 0)) + (open !== null && takes(c, open) === 'exactly' ? 2 : 0) - (c.deprecated ? 4 : 0);
  if (text.trim() === '') {
    return classes.sort((a, b) => weight(b) - weight(a) || a.category.localeCompare(b.category) || a.title.localeCompare(b.title));
  }
  const found = go(text, classes, { keys: ['title', 'name', 'category', 'description'], limit: 0, threshold: 0.2, scoreFn: score });
  return found.map((r) => ({ class: r.obj, score: r.score + weight(r.obj) * 0.05 })).sort((a, b) => b.score - a.score).map((r) => r.class);
}

/** A hit in a title counts more than one in a category, and that more than one in a description. */
function score(keys: KeysResult<NodeClass>): number {
  const [title, name, category, description] = keys;
  return Math.max(title?.score ?? 0, (name?.score ?? 0) * 0.98, (category?.score ?? 0) * 0.6, (description?.score ?? 0) * 0.5);
}

function takes(c: NodeClass, open: OpenEnd): 'exactly' | 'loosely' | 'no' {
  const types = open.side === 'output' ? c.inputs.map((i) => i.type) : c.outputs.map((o) => o.type);
  if (types.includes(open.type)) return 'exactly';
  const loosely = types.some((t) => (open.side === 'output' ? fits(open.type, t) : fits(t, open.type)));
  return loosely ? 'loosely' : 'no';
}
