import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Message } from '../server/socket';
import { secondsLeft } from './change';
import { readProblems } from './problems';
import { createRun, Runs } from './runs';
import type { NodeRun } from './types';

/** A page with one workflow whose prompt p has the nodes 1 to 3. */
function page() {
  let now = 0;
  const changed = vi.fn();
  const runs = new Runs(() => now, changed);
  const run = createRun();
  runs.sent(run, 'p', ['1', '2', '3']);
  const node = (id: string): NodeRun => {
    const n = run.getState().nodes.get(id);
    if (n === undefined) throw new Error(`no node ${id}`);
    return n;
  };
  return { runs, run, changed, node, states: () => ['1', '2', '3'].map((id) => node(id).state), at: (t: number) => void (now = t) };
}

const state = (id: string, value: number, max: number, is: 'running' | 'finished') => ({ value, max, state: is, node_id: id, display_node_id: id });
const progress = (...nodes: ReturnType<typeof state>[]): Message => ({
  type: 'progress_state', data: { prompt_id: 'p', nodes: Object.fromEntries(nodes.map((n) => [n.node_id, n])) },
});
const end: Message = { type: 'executing', data: { node: null, prompt_id: 'p' } };

beforeEach(() => {
  let made = 0;
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: () => `blob:${++made}`, revokeObjectURL: vi.fn() }));
});
afterEach(() => vi.unstubAllGlobals());

describe('a run', () => {
  it('goes from queued over kept, running and done to its end', () => {
    const { runs, run, states, node, changed, at } = page();
    expect(states()).toEqual(['queued', 'queued', 'queued']);
    runs.message({ type: 'execution_start', data: { prompt_id: 'p', timestamp: 1 } });
    runs.message({ type: 'execution_cached', data: { prompt_id: 'p', nodes: ['1'], timestamp: 1 } });
    at(1000);
    runs.message(progress(state('2', 0, 20, 'running')));
    expect(states()).toEqual(['kept', 'running', 'queued']);
    at(3500);
    runs.message(progress(state('2', 20, 20, 'finished'), state('3', 0, 1, 'running')));
    expect(node('2').seconds).toBe(2.5);
    runs.message({ type: 'executed', data: { node: '3', output: { images: [{ filename: 'a.png', subfolder: '', type: 'output' }], text: ['hello'] }, prompt_id: 'p' } });
    runs.message(progress(state('2', 20, 20, 'finished'), state('3', 1, 1, 'finished')));
    runs.message({ type: 'execution_success', data: { prompt_id: 'p', timestamp: 1 } });
    runs.message(end);
    expect(states()).toEqual(['kept', 'done', 'done']);
    expect(node('3').output).toMatchObject({ pictures: [{ filename: 'a.png', subfolder: '', type: 'output' }], texts: ['hello'] });
    expect(run.getState().prompt).toMatchObject({ state: 'done' });
    expect([...(run.getState().prompt?.finished ?? [])].sort()).toEqual(['1', '2', '3']);
    expect(changed).toHaveBeenCalledOnce();
  });

  it('that fails names the node, and what waited has not run', () => {
    const { runs, states, node } = page();
    runs.message(progress(state('2', 0, 1, 'running')));
    runs.message({ type: 'execution_error', data: { prompt_id: 'p', node_id: '2', node_type: 'X', exception_message: 'no such file\n', exception_type: 'Error' } });
    expect(states()).toEqual([null, 'failed', null]);
    expect(node('2').problems).toEqual([{ message: 'no such file', details: 'Error', input: null }]);
  });

  it('that is stopped marks where', () => {
    const { runs, states, run } = page();
    runs.message(progress(state('2', 3, 20, 'running')));
    runs.message({ type: 'execution_interrupted', data: { prompt_id: 'p', node_id: '2', node_type: 'X', executed: [] } });
    expect(states()).toEqual([null, 'interrupted', null]);
    expect(run.getState().prompt?.state).toBe('interrupted');
  });

  it('keeps what nodes show when the next one begins', () => {
    const { runs, run, node } = page();
    runs.message({ type: 'executed', data: { node: '3', output: { images: [{ filename: 'a.png', subfolder: '', type: 'temp' }] }, prompt_id: 'p' } });
    runs.message(end);
    runs.sent(run, 'q', ['3']);
    expect(node('3').state).toBe('queued');
    expect(node('3').output?.pictures.length).toBe(1);
  });

  it('takes no message of another prompt', () => {
    const { runs, run, changed } = page();
    const before = run.getState();
    runs.message({ type: 'executed', data: { node: '3', output: { text: ['x'] }, prompt_id: 'other' } });
    runs.preview({ promptId: 'other', nodeId: '2', picture: new Blob() });
    runs.message({ type: 'status', data: { status: { exec_info: { queue_remaining: 4 } } } });
    expect(run.getState()).toBe(before);
    expect(runs.server.getState().remaining).toBe(4);
    expect(changed).toHaveBeenCalledOnce();
  });

  it('leaves nodes alone whose steps have not changed', () => {
    const { runs, run, node } = page();
    runs.message(progress(state('2', 1, 20, 'running')));
    const [before, two] = [run.getState(), node('2')];
    runs.message(progress(state('2', 1, 20, 'running')));
    expect(run.getState()).toBe(before);
    runs.message(progress(state('2', 1, 20, 'running'), state('3', 0, 1, 'running')));
    expect(node('2')).toBe(two);
  });
});

describe('previews', () => {
  it('come ten times a second at most, and the one before is let go', () => {
    const { runs, node, at } = page();
    const send = (t: number) => {
      at(t);
      runs.preview({ promptId: 'p', nodeId: '2', picture: new Blob() });
    };
    send(0);
    send(50);
    expect(node('2').preview).toBe('blob:1');
    send(100);
    expect(node('2').preview).toBe('blob:2');
    expect(URL.revokeObjectURL).toHaveBeenCalledExactlyOnceWith('blob:1');
  });
});

describe('time left', () => {
  it('is judged by the steps that were done', () => {
    const { runs, node, at } = page();
    const steps = (t: number, value: number) => {
      at(t);
      runs.message(progress(state('2', value, 20, 'running')));
    };
    steps(0, 0);
    steps(5000, 1); // loading was slow; it does not count
    expect(secondsLeft(node('2'), 5000)).toBeNull();
    steps(6000, 3);
    expect(secondsLeft(node('2'), 6000)).toBeCloseTo(8.5);
  });
});

describe('a refused prompt', () => {
  const problems = readProblems({ 2: { errors: [{ type: 'required_input_missing', message: 'Required input is missing', details: 'model', extra_info: { input_name: 'model' } }] } });

  it('shows what is wrong at the input', () => {
    const { runs, run, node } = page();
    runs.refused(run, 'p', problems);
    expect(node('2').problems).toEqual([{ message: 'Required input is missing', details: 'model', input: 'model' }]);
    expect(run.getState().prompt).toBeNull();
    runs.sent(run, 'q', ['2']);
    runs.accepted(run, new Map());
    expect(node('2').problems).toEqual([]);
    expect(node('2').state).toBe('queued');
  });

  it.each([undefined, null, [], { 1: null }, { 1: { errors: 'x' } }])('survives %j', (answer) => {
    for (const list of readProblems(answer).values()) expect(list).toEqual([]);
  });
});
