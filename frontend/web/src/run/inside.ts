import { idle } from './change';
import type { NodeRun } from './types';

const known = new WeakMap<ReadonlyMap<string, NodeRun>, Map<string, NodeRun>>();

/**
 * What has become of the nodes inside of a subgraph, as one: what runs now, else what went wrong, what waits, or that all is done. prefix is the
 * way to them, as in 12: for the nodes 12:3 and 12:4.
 */
export function runInside(nodes: ReadonlyMap<string, NodeRun>, prefix: string): NodeRun {
  const made = known.get(nodes) ?? new Map<string, NodeRun>();
  known.set(nodes, made);
  const run = made.get(prefix) ?? summary([...nodes].filter(([id]) => id.startsWith(prefix)).map(([, n]) => n));
  made.set(prefix, run);
  return run;
}

function summary(inner: readonly NodeRun[]): NodeRun {
  const problems = inner.flatMap((n) => n.problems);
  const running = inner.find((n) => n.state === 'running');
  if (running !== undefined) return { ...running, output: null, problems };
  const has = (state: NodeRun['state']) => inner.some((n) => n.state === state);
  const state = (['failed', 'interrupted', 'queued', 'done', 'kept'] as const).find(has) ?? null;
  const seconds = inner.reduce((sum, n) => sum + (n.state === 'done' ? (n.seconds ?? 0) : 0), 0);
  return state === null ? idle : { ...idle, state, seconds: state === 'done' ? seconds : null, problems: problems.map((p) => ({ ...p, input: null })) };
}
