import { createStore, type StoreApi } from 'zustand/vanilla';

import { createView, type ViewStore } from '../canvas/view';
import { empty } from '../document/graph';
import { createDocument, type DocumentStore } from '../document/store';
import type { Workflow } from '../document/types';
import { createRun, type RunStore } from '../run/runs';

/** An open workflow with what it is doing and what is seen of it. */
export type Tab = { readonly id: string; readonly document: DocumentStore; readonly run: RunStore; readonly view: ViewStore };

export type WorkspaceState = { readonly tabs: readonly Tab[]; readonly active: string };

export type Workspace = StoreApi<WorkspaceState>;

let made = 0;

function newTab(document: DocumentStore): Tab {
  return { id: `tab ${++made}`, document, run: createRun(), view: createView() };
}

export function createWorkspace(): Workspace {
  return createStore(() => ({ tabs: [], active: '' }));
}

/** Opens a workflow in a tab of its own. An untouched empty one gives way to it. */
export function openTab(workspace: Workspace, document: DocumentStore): Tab {
  const tab = newTab(document);
  workspace.setState(({ tabs }) => ({ tabs: [...tabs.filter((t) => !isBlank(t)), tab], active: tab.id }));
  return tab;
}

export function openWorkflow(workspace: Workspace, workflow: Workflow, name: string, path: string | null = null): Tab {
  return openTab(workspace, createDocument(workflow, name, path));
}

export function newWorkflow(workspace: Workspace): Tab {
  return openTab(workspace, createDocument(empty, 'unnamed'));
}

function isBlank({ document }: Tab): boolean {
  const { history, path } = document.getState();
  return path === null && history.now === empty && history.past.length === 0;
}

/** Closes a tab; the last one leaves an empty workflow. */
export function closeTab(workspace: Workspace, id: string): void {
  const { tabs, active } = workspace.getState();
  const at = tabs.findIndex((t) => t.id === id);
  const left = tabs.filter((t) => t.id !== id);
  const next = left[Math.min(at, left.length - 1)];
  workspace.setState({ tabs: left, active: active === id ? (next?.id ?? '') : active });
  if (left.length === 0) newWorkflow(workspace);
}

export function activate(workspace: Workspace, id: string): void {
  workspace.setState({ active: id });
}

export function activeTab(state: WorkspaceState): Tab | undefined {
  return state.tabs.find((t) => t.id === state.active);
}
