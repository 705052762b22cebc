import { expect, it } from 'vitest';

import { idle } from '../run/change';
import type { NodeRun } from '../run/types';
import { estimateText } from './estimate';

const nodes = (states: { readonly [id: string]: NodeRun['state'] }) => new Map(Object.entries(states).map(([id, state]) => [id, { ...idle, state }]));
const seconds = { 5: 200, '12:3': 100, 7: 4 };

it.each<[string, Parameters<typeof estimateText>, string | null]>([
  ['nothing has run', [{ seconds, bytes: 5.4e9 }, nodes({}), new Set(), 1], 'about 5 min, 5 GB of memory'],
  ['several times', [{ seconds, bytes: 5e8 }, nodes({}), new Set(), 24], 'about 2.0 h'],
  ['a part is there', [{ seconds, bytes: 0 }, nodes({ 5: 'done' }), new Set(), 1], 'about 2 min'],
  ['what is there is stale', [{ seconds, bytes: 0 }, nodes({ 5: 'done', '12:3': 'kept' }), new Set([12]), 1], 'about 2 min'],
  ['all is there but what is short', [{ seconds, bytes: 5e9 }, nodes({ 5: 'kept', '12:3': 'done' }), new Set(), 1], null],
  ['what failed is not there', [{ seconds: { 5: 21 }, bytes: 0 }, nodes({ 5: 'failed' }), new Set(), 1], 'about 20 s'],
])('%s', (_, input, text) => expect(estimateText(...input)).toBe(text));
