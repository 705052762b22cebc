import { afterEach, describe, expect, it, vi } from 'vitest';

import { resume } from './resume';
import { createRun, Runs } from './runs';

/** Answers requests by their path. */
function server(answers: Record<string, unknown>) {
  vi.stubGlobal('fetch', (path: string) => Promise.resolve(new Response(JSON.stringify(answers[path.slice(1)]))));
}
afterEach(() => vi.unstubAllGlobals());

const page = async (history: object, queue: object = { queue_running: [], queue_pending: [] }) => {
  server({ '/api/history/p': history, '/api/queue': queue });
  const [runs, run] = [new Runs(() => 0), createRun()];
  await resume(runs, run, { id: 'p', nodes: ['1', '2'] });
  return { runs, run, state: (id: string) => run.getState().nodes.get(id)?.state };
};
const entry = (messages: unknown[]) => ({
  p: { prompt: [1, 'p', {}, {}, []], outputs: { 2: { images: [{ filename: 'a.png', subfolder: '', type: 'output' }] } }, status: { status_str: 'success', completed: true, messages } },
});

describe('after a reload', () => {
  it('what an ended prompt has made is shown again', async () => {
    const { run, state } = await page(entry([['execution_success', {}]]));
    expect(state('1')).toBe('kept');
    expect(run.getState().nodes.get('2')?.output?.pictures).toEqual([{ filename: 'a.png', subfolder: '', type: 'output' }]);
    expect(run.getState().prompt?.state).toBe('done');
  });

  it('what failed in the meantime says why', async () => {
    const { run, state } = await page(entry([['execution_error', { node_id: '1', exception_message: 'no memory', exception_type: 'Error' }]]));
    expect(state('1')).toBe('failed');
    expect(run.getState().nodes.get('1')?.problems[0]?.message).toBe('no memory');
  });

  it('a prompt that runs is followed', async () => {
    const { runs, state } = await page({}, { queue_running: [[1, 'p']], queue_pending: [] });
    expect(state('1')).toBe('queued');
    runs.message({ type: 'progress_state', data: { prompt_id: 'p', nodes: { 1: { value: 3, max: 20, state: 'running', node_id: '1', display_node_id: '1' } } } });
    expect(state('1')).toBe('running');
  });

  it('a prompt that somebody took out does not wait for ever', async () => {
    const { run, state } = await page({});
    expect(state('1')).toBeNull();
    expect(run.getState().prompt).toBeNull();
  });
});
