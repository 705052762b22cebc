import { expect, it } from 'vitest';

import { idle } from './change';
import { runInside } from './inside';
import type { NodeRun } from './types';

const nodes = (list: { readonly [id: string]: Partial<NodeRun> }) => new Map(Object.entries(list).map(([id, n]) => [id, { ...idle, ...n }]));

it.each<[string, { readonly [id: string]: Partial<NodeRun> }, NodeRun['state']]>([
  ['nothing has run', { '1:2': { state: 'done' } }, null],
  ['one runs', { '7:1': { state: 'done' }, '7:2': { state: 'running', value: 3, max: 9 }, '7:3': { state: 'queued' } }, 'running'],
  ['one failed', { '7:1': { state: 'done' }, '7:2': { state: 'failed' } }, 'failed'],
  ['some wait', { '7:1': { state: 'kept' }, '7:2:5': { state: 'queued' } }, 'queued'],
  ['all are done', { '7:1': { state: 'kept' }, '7:2': { state: 'done', seconds: 2 }, '70:1': { state: 'failed' } }, 'done'],
  ['all are kept', { '7:1': { state: 'kept' } }, 'kept'],
])('%s', (_, list, state) => expect(runInside(nodes(list), '7:').state).toBe(state));

it('shows the steps of what runs, adds the seconds of what is done, and is the same object for the same state', () => {
  const now = nodes({ '7:1': { state: 'done', seconds: 2 }, '7:2': { state: 'done', seconds: 1.5 } });
  expect(runInside(now, '7:').seconds).toBe(3.5);
  expect(runInside(now, '7:')).toBe(runInside(now, '7:'));
  expect(runInside(nodes({ '7:1': { state: 'running', value: 3, max: 9 } }), '7:')).toMatchObject({ value: 3, max: 9 });
});
