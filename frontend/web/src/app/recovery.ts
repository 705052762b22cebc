import { get, set } from 'idb-keyval';

import { read } from '../document/read';
import { createDocument, isChanged, markSaved, workflowOf } from '../document/store';
import { write } from '../document/write';
import { stringify, parse } from '../json/text';
import { isObject, type Json } from '../json/value';
import { resume, type LastPrompt } from '../run/resume';
import type { Runs } from '../run/runs';
import { notify, notifyError } from '../ui/toasts';
import { openTab, type Tab, type Workspace } from './workspace';

/** How long after a change it is kept, in milliseconds. */
const pause = 1000;

const key = 'oneactor.tabs';

type Kept = { readonly name: string; readonly path: string | null; readonly changed: boolean; readonly active: boolean; readonly workflow: string; readonly prompt: LastPrompt | null };

/** Keeps the open workflows in the browser a second after each change, so that a crash or a reload loses nothing. The result ends it. */
export function keepTabs(workspace: Workspace): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const followed = new Map<string, () => void>();
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void keep(workspace), pause);
  };
  const follow = () => {
    const { tabs } = workspace.getState();
    for (const t of tabs) {
      if (followed.has(t.id)) continue;
      const stops = [t.document.subscribe(later), t.run.subscribe((now, before) => now.prompt?.id !== before.prompt?.id && later())];
      followed.set(t.id, () => {
        for (const stop of stops) stop();
      });
    }
    for (const [id, stop] of followed) {
      if (tabs.some((t) => t.id === id)) continue;
      stop();
      followed.delete(id);
    }
    later();
  };
  const now = () => {
    if (document.visibilityState === 'hidden') void keep(workspace);
  };
  follow();
  const stop = workspace.subscribe(follow);
  document.addEventListener('visibilitychange', now);
  return () => {
    clearTimeout(timer);
    stop();
    for (const s of followed.values()) s();
    document.removeEventListener('visibilitychange', now);
  };
}

async function keep(workspace: Workspace): Promise<void> {
  const { tabs, active } = workspace.getState();
  try {
    await set(key, tabs.map((t) => kept(t, active)));
  } catch (e) {
    notify({
      kind: 'error', text: 'The browser cannot keep your changes: its storage is full or closed.',
      details: `Save the workflow on the server (Ctrl-S) or download it, so that nothing is lost when this page closes. (${String(e)})`,
    });
  }
}

function kept({ id, document, run }: Tab, active: string): Kept {
  const s = document.getState();
  const { prompt } = run.getState();
  return { name: s.name, path: s.path, changed: isChanged(s), active: id === active, workflow: stringify(write(workflowOf(s))), prompt: prompt && { id: prompt.id, nodes: prompt.nodes } };
}

/** Opens again what was open, with what is running of it; false if there was nothing. */
export async function restoreTabs(workspace: Workspace, runs: Runs): Promise<boolean> {
  let list: Kept[] | undefined;
  try {
    list = await get<Kept[]>(key);
  } catch {
    return false; // private windows have no storage
  }
  const opened = (list ?? []).flatMap((k) => restore(workspace, k, runs));
  const active = opened[(list ?? []).findIndex((k) => k.active)];
  if (active) workspace.setState({ active: active.id });
  return opened.length > 0;
}

function restore(workspace: Workspace, k: Kept, runs: Runs): Tab[] {
  try {
    const json: Json = parse(k.workflow);
    if (!isObject(json)) return [];
    const tab = openTab(workspace, createDocument(read(json), k.name, k.path, null));
    if (!k.changed) markSaved(tab.document, workflowOf(tab.document.getState()), k.name, k.path);
    if (k.prompt) void resume(runs, tab.run, k.prompt).catch(notifyError);
    return [tab];
  } catch (e) {
    notify({ kind: 'error', text: `${k.name} was open and cannot be opened again.`, details: String(e) });
    return [];
  }
}
