import { createStore } from 'zustand/vanilla';

import { isList, isObject, type Json, type JsonObject } from '../json/value';
import type { History, Queue, QueueItem } from '../server/gen_wire';
import type { PictureRef } from '../server/picture';
import { request } from '../server/request';
import { readOutput } from './output';

/** A prompt that waits, runs or has ended, of this page or of anyone. */
export type Job = {
  readonly id: string;
  /** Jobs with lower numbers run first. */
  readonly number: number;
  readonly state: 'pending' | 'running' | 'success' | 'error' | 'interrupted';
  /** The workflow's name, where the page that sent it gave one. */
  readonly name: string;
  readonly pictures: readonly PictureRef[];
  /** Why it failed, and at which node. */
  readonly problem: { readonly message: string; readonly node: string } | null;
  readonly seconds: number | null;
  /** The workflow that it was made of; null where the client sent none. */
  readonly workflow: JsonObject | null;
};

export type JobsState = { readonly running: readonly Job[]; readonly pending: readonly Job[]; readonly ended: readonly Job[]; readonly loaded: boolean };

/** Ended jobs that are shown. */
const shown = 100;

export const jobs = createStore<JobsState>(() => ({ running: [], pending: [], ended: [], loaded: false }));

let reading: Promise<void> | null = null;
let again = false;

/** Reads the queue anew. Calls while it is being read are answered by one more reading. */
export async function refreshJobs(): Promise<void> {
  if (reading !== null) {
    again = true;
    return reading;
  }
  reading = readJobs();
  try {
    await reading;
  } finally {
    reading = null;
  }
  if (again) {
    again = false;
    await refreshJobs();
  }
}

async function readJobs(): Promise<void> {
  const [queue, history] = await Promise.all([request<Queue>('/api/queue'), request<History>(`/api/history?max_items=${shown}`)]);
  jobs.setState({
    running: queue.queue_running.map((item) => queuedJob(item, 'running')),
    pending: queue.queue_pending.map((item) => queuedJob(item, 'pending')),
    ended: Object.values(history).map(endedJob).reverse(),
    loaded: true,
  });
}

function queuedJob([number, id, , extra]: QueueItem, state: 'running' | 'pending'): Job {
  return { id, number, state, name: nameOf(extra), pictures: [], problem: null, seconds: null, workflow: workflowOf(extra) };
}

/** Reads an entry of the history; its messages say when it began and ended, and what went wrong. */
export function endedJob(entry: History[string]): Job {
  const [number, id, , extra] = entry.prompt;
  const events = new Map(entry.status.messages.flatMap((m) => (isList(m) && typeof m[0] === 'string' && isObject(m[1]) ? [[m[0], m[1]] as const] : [])));
  const end = events.get('execution_success') ?? events.get('execution_error') ?? events.get('execution_interrupted');
  const begun = time(events.get('execution_start')?.timestamp);
  const ended = time(end?.timestamp);
  const error = events.get('execution_error');
  return {
    id,
    number,
    state: entry.status.status_str === 'success' ? 'success' : events.has('execution_interrupted') ? 'interrupted' : 'error',
    name: nameOf(extra),
    pictures: Object.values(entry.outputs).flatMap((o) => readOutput(o).pictures),
    problem: error === undefined ? null : { message: text(error.exception_message).trim(), node: text(error.node_id) },
    seconds: begun !== null && ended !== null ? (ended - begun) / 1000 : null,
    workflow: workflowOf(extra),
  };
}

/** The pictures that a job was run for: what it saved, or what it only showed where it saved nothing. */
export function resultsOf({ pictures }: Job): readonly PictureRef[] {
  const saved = pictures.filter((p) => p.type === 'output');
  return saved.length > 0 ? saved : pictures;
}

function nameOf(extra: JsonObject): string {
  return text(extra.workflow_name) || 'a workflow';
}

function workflowOf(extra: JsonObject): JsonObject | null {
  const info = extra.extra_pnginfo;
  return isObject(info) && isObject(info.workflow) ? info.workflow : null;
}

const text = (v: Json | undefined): string => (typeof v === 'string' ? v : '');
const time = (v: Json | undefined): number | null => (typeof v === 'number' ? v : null);

/** Takes a job out of the queue, or stops it where it runs. */
export async function cancelJob(job: Job): Promise<void> {
  if (job.state === 'running') await request('/api/interrupt', { json: { prompt_id: job.id } });
  else await request('/api/queue', { json: { delete: [job.id] } });
  await refreshJobs();
}

/** Lets a pending job run before the one in front of it. */
export async function moveUp(job: Job, pending: readonly Job[]): Promise<void> {
  const number = numberBefore(job, pending);
  if (number === null) return;
  await request(`/oneactor/jobs/${encodeURIComponent(job.id)}/move`, { json: { number } });
  await refreshJobs();
}

/** A number that puts a job before the one in front of it, and behind the one before that; null for the first. */
export function numberBefore(job: Job, pending: readonly Job[]): number | null {
  const at = pending.indexOf(job);
  const [before, front] = [pending[at - 2], pending[at - 1]];
  if (front === undefined) return null;
  return before === undefined ? front.number - 1 : (before.number + front.number) / 2;
}

/** Queues an ended job once more. */
export async function retryJob(id: string): Promise<void> {
  await request(`/oneactor/jobs/${encodeURIComponent(id)}/retry`, { method: 'POST' });
  await refreshJobs();
}

export async function clearPending(): Promise<void> {
  await request('/api/queue', { json: { clear: true } });
  await refreshJobs();
}

/** Forgets ended jobs: all, or one. Their pictures stay in the output folder. */
export async function forgetJobs(id: string | null): Promise<void> {
  await request('/api/history', { json: id === null ? { clear: true } : { delete: [id] } });
  await refreshJobs();
}
