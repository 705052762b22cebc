import type { Messages } from '../server/gen_wire';
import { readOutput } from './output';
import type { NodeProblem, NodeRun, PromptRun, RunState } from './types';

/** A node that has not run. */
export const idle: NodeRun = {
  state: null, value: 0, max: 0, started: null, seconds: null, firstStep: null, preview: null, text: null, output: null, problems: [],
};

export const nothing: RunState = { nodes: new Map(), prompt: null };

/** The state with some nodes changed. */
function change(s: RunState, ids: Iterable<string>, to: (n: NodeRun, id: string) => NodeRun): RunState {
  const nodes = new Map(s.nodes);
  for (const id of ids) nodes.set(id, to(nodes.get(id) ?? idle, id));
  return { ...s, nodes };
}

/** A prompt was sent. What its nodes showed stays until they show something new. */
export function queued(s: RunState, id: string, nodes: readonly string[]): RunState {
  const waiting = change(s, nodes, (n) => ({ ...n, state: 'queued', value: 0, max: 0, started: null, firstStep: null, problems: [] }));
  return { ...waiting, prompt: { id, state: 'queued', nodes, finished: new Set(), started: null } };
}

/** A prompt was refused: none of its nodes will run. */
export function withdrawn(s: RunState): RunState {
  return { ...ended(s, 'failed'), prompt: null };
}

/** What is wrong with nodes, by their ids; what was wrong before is forgotten. */
export function withProblems(s: RunState, problems: ReadonlyMap<string, readonly NodeProblem[]>): RunState {
  const clean = change(s, [...s.nodes].filter(([, n]) => n.problems.length > 0).map(([id]) => id), (n) => ({ ...n, problems: [], state: n.state === 'failed' ? null : n.state }));
  return change(clean, problems.keys(), (n, id) => ({ ...n, state: 'failed', problems: problems.get(id) ?? [] }));
}

function promptIs(s: RunState, part: Partial<PromptRun>): RunState {
  return s.prompt === null ? s : { ...s, prompt: { ...s.prompt, ...part } };
}

export function started(s: RunState, now: number): RunState {
  return promptIs(s, { state: 'running', started: now });
}

/** Nodes whose results were kept from earlier runs. */
export function kept(s: RunState, ids: readonly string[]): RunState {
  return finish(change(s, ids, (n) => ({ ...n, state: 'kept', preview: null })), ids);
}

function finish(s: RunState, ids: readonly string[]): RunState {
  return s.prompt === null ? s : promptIs(s, { finished: new Set([...s.prompt.finished, ...ids]) });
}

/** Steps of nodes. A node that runs for the first time begins now; one that is finished has its seconds. */
export function progressed(s: RunState, data: Messages['progress_state'], now: number): RunState {
  const changed = Object.entries(data.nodes).filter(([id, p]) => {
    const n = s.nodes.get(id);
    return n === undefined || (n.state !== 'kept' && (n.value !== p.value || n.max !== p.max || (p.state === 'finished') !== (n.state === 'done')));
  });
  if (changed.length === 0) return s;
  const next = change(s, changed.map(([id]) => id), (n, id) => step(n, data.nodes[id], now));
  return finish(next, changed.filter(([, p]) => p.state === 'finished').map(([id]) => id));
}

function step(n: NodeRun, p: Messages['progress_state']['nodes'][string] | undefined, now: number): NodeRun {
  if (p === undefined) return n;
  const begun = n.state === 'running' ? n : { ...n, state: 'running' as const, started: now, seconds: null, firstStep: null, text: null };
  if (p.state === 'finished') {
    const seconds = begun.started === null ? null : (now - begun.started) / 1000;
    return { ...begun, state: 'done', value: p.value, max: p.max, seconds, preview: null };
  }
  const firstStep = begun.firstStep ?? (p.value > 0 ? { at: now, value: p.value } : null);
  return { ...begun, value: p.value, max: p.max, firstStep };
}

export function showed(s: RunState, id: string, output: Messages['executed']['output']): RunState {
  return output === null ? s : change(s, [id], (n) => ({ ...n, output: readOutput(output), preview: null }));
}

export function previewed(s: RunState, id: string, preview: string): RunState {
  return change(s, [id], (n) => ({ ...n, preview }));
}

export function said(s: RunState, id: string, text: string): RunState {
  return change(s, [id], (n) => ({ ...n, text }));
}

export function failed(s: RunState, data: Messages['execution_error']): RunState {
  const problem: NodeProblem = { message: data.exception_message.trim(), details: data.exception_type, input: null };
  return ended(change(s, [data.node_id], (n) => ({ ...n, state: 'failed', preview: null, problems: [problem] })), 'failed');
}

export function interrupted(s: RunState, id: string): RunState {
  return ended(change(s, id === '' ? [] : [id], (n) => ({ ...n, state: 'interrupted', preview: null })), 'interrupted');
}

/** A prompt that ended well before this page looked: all of its nodes are done, how long they took is not known. */
export function done(s: RunState): RunState {
  const nodes = s.prompt?.nodes ?? [];
  return finish(promptIs(change(s, nodes, (n) => ({ ...n, state: 'kept', preview: null })), { state: 'done' }), nodes);
}

/** A prompt has ended: nodes that still waited have not run. */
export function ended(s: RunState, state: 'done' | 'failed' | 'interrupted'): RunState {
  const left = (s.prompt?.nodes ?? []).filter((id) => ['queued', 'running'].includes(s.nodes.get(id)?.state ?? ''));
  return promptIs(change(s, left, (n) => ({ ...n, state: null, preview: null })), { state });
}

/** Seconds that a node still needs, judged by the steps it has done; null until there are two. */
export function secondsLeft(n: NodeRun, now: number): number | null {
  if (n.state !== 'running' || n.firstStep === null || n.value <= n.firstStep.value) return null;
  const perStep = (now - n.firstStep.at) / (n.value - n.firstStep.value);
  return Math.max(0, (perStep * (n.max - n.value)) / 1000);
}
