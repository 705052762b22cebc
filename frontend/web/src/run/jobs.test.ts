import { describe, expect, it } from 'vitest';

import type { History } from '../server/gen_wire';
import { endedJob, numberBefore, type Job } from './jobs';

const entry = (status: 'success' | 'error', messages: [string, object][], outputs = {}): History[string] => ({
  prompt: [3, 'id', {}, { workflow_name: 'hobbit', extra_pnginfo: { workflow: { nodes: [] } } }, []],
  outputs,
  status: { status_str: status, completed: status === 'success', messages: messages as never },
});

describe('an entry of the history', () => {
  it('tells what a job made and how long it took', () => {
    const job = endedJob(entry('success', [['execution_start', { timestamp: 1000 }], ['execution_success', { timestamp: 3500 }]], {
      9: { images: [{ filename: 'a.png', subfolder: 's', type: 'output' }] },
    }));
    expect(job).toMatchObject({ id: 'id', state: 'success', name: 'hobbit', seconds: 2.5, problem: null, workflow: { nodes: [] } });
    expect(job.pictures).toEqual([{ filename: 'a.png', subfolder: 's', type: 'output' }]);
  });

  it('tells why it failed', () => {
    const job = endedJob(entry('error', [['execution_error', { node_id: '5', exception_message: 'no such model\n' }]]));
    expect(job).toMatchObject({ state: 'error', problem: { message: 'no such model', node: '5' }, seconds: null });
  });

  it('tells that it was stopped', () => expect(endedJob(entry('error', [['execution_interrupted', { node_id: '5' }]])).state).toBe('interrupted'));
});

describe('a pending job', () => {
  const jobs = [1, 2, 8].map((number): Job => ({ id: `${number}`, number, state: 'pending', name: '', pictures: [], problem: null, seconds: null, workflow: null }));
  it.each([[0, null], [1, 0], [2, 1.5]])('at place %s goes before the one in front of it with number %s', (at, want) => expect(numberBefore(jobs[at]!, jobs)).toBe(want));
});
