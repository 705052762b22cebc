import { read } from '../document/read';
import { markSaved, workflowOf } from '../document/store';
import type { Workflow } from '../document/types';
import { write } from '../document/write';
import { stringify } from '../json/text';
import type { Converted, Opened } from '../server/gen_wire';
import { request, requestText, ServerError } from '../server/request';
import { notify } from '../ui/toasts';
import { openWorkflow, type Tab, type Workspace } from './workspace';

/** What may hold a workflow, for a file dialog. */
export const workflowFiles = '.json,.txt,.latent,image/png,image/webp,image/jpeg';

/** The folder of the user's workflows, as in ComfyUI. */
const folder = 'workflows';

/** Reads any file with a workflow in it: JSON of both kinds, or a picture that was saved with one. */
export async function readWorkflow(file: Blob, name: string): Promise<Workflow> {
  const opened = await request<Opened>(`/oneactor/open?name=${encodeURIComponent(name)}`, { body: file });
  if (opened.warnings.length > 0) notify({ text: `${name} was opened, but not all of it was understood.`, details: opened.warnings.map((w) => w.text).join('\n') });
  return read(opened.workflow);
}

export async function openFile(workspace: Workspace, file: Blob, name: string): Promise<Tab> {
  return openWorkflow(workspace, await readWorkflow(file, name), name.replace(/\.[^.]*$/, ''));
}

/** The workflows that the user has saved on the server. */
export async function listWorkflows(): Promise<string[]> {
  try {
    const names = await request<string[]>(`/api/userdata?dir=${folder}&recurse=true&split=false`);
    return names.filter((n) => n.endsWith('.json')).sort((a, b) => a.localeCompare(b));
  } catch (e) {
    if (e instanceof ServerError && e.status === 404) return []; // nothing has been saved yet
    throw e;
  }
}

export async function openSaved(workspace: Workspace, path: string): Promise<Tab> {
  const text = await requestText(`/api/userdata/${encodeURIComponent(`${folder}/${path}`)}`);
  return openWorkflow(workspace, await readWorkflow(new Blob([text]), path), path.replace(/\.json$/, ''), path);
}

/** Saves a workflow on the server under a name. Another one with this name is replaced only if replace is set: ServerError 409 otherwise. */
export async function saveWorkflow({ document }: Tab, name: string, replace: boolean): Promise<void> {
  const workflow = workflowOf(document.getState());
  const path = `${name}.json`;
  const body = stringify(write(workflow), 2);
  await requestText(`/api/userdata/${encodeURIComponent(`${folder}/${path}`)}?overwrite=${replace}`, { method: 'POST', body });
  markSaved(document, workflow, name, path);
}

/** The prompt of a workflow, and the workflow as it is saved with results: texts that are drawn at random are drawn. */
export async function convert(workflow: Workflow): Promise<Converted> {
  return request<Converted>('/oneactor/convert', { json: write(workflow) });
}

/** Hands a text to the browser's downloads. */
function download(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const a = Object.assign(document.createElement('a'), { href: url, download: name });
  a.click();
  URL.revokeObjectURL(url);
}

export function downloadWorkflow({ document }: Tab): void {
  const { name } = document.getState();
  download(stringify(write(workflowOf(document.getState())), 2), `${name}.json`);
}

/** Downloads what scripts send to the server (ComfyUI's "Export (API)"). */
export async function downloadPrompt({ document }: Tab): Promise<void> {
  const { prompt } = await convert(workflowOf(document.getState()));
  download(stringify(prompt, 2), `${document.getState().name}.api.json`);
}
