import type { History } from '../server/gen_wire';
import { request } from '../server/request';
import { done, failed, showed } from './change';
import type { RunStore, Runs } from './runs';

/** The last prompt of a workflow, as a page keeps it over a reload. */
export type LastPrompt = { readonly id: string; readonly nodes: readonly string[] };

/** Takes up the last prompt of a workflow after a reload: one that still waits or runs is followed, what an ended one has made is shown again. */
export async function resume(runs: Runs, run: RunStore, { id, nodes }: LastPrompt): Promise<void> {
  runs.sent(run, id, nodes); // before it is asked for, so that no message in between is lost
  const entry = (await request<History>(`/api/history/${encodeURIComponent(id)}`))[id];
  if (entry === undefined) {
    const { queue_running, queue_pending } = await request<{ queue_running: [number, string][]; queue_pending: [number, string][] }>('/api/queue');
    if (![...queue_running, ...queue_pending].some(([, other]) => other === id)) runs.refused(run, id, new Map()); // somebody took it out
    return;
  }
  runs.forget(id);
  run.setState((s) => {
    const shown = Object.entries(entry.outputs).reduce((now, [node, output]) => showed(now, node, output), s);
    const error = entry.status.messages.find(([name]) => name === 'execution_error')?.[1];
    return error === undefined ? done(shown) : failed(shown, error as never);
  });
}
