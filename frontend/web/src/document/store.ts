import { createStore, type StoreApi } from 'zustand/vanilla';

import { advance, amend, begin, redo, settle, undo, type History } from './history';
import type { Workflow } from './types';

/** An open workflow: what it is now, how to take edits back, and where it is saved. */
export type DocumentState = {
  readonly history: History<Workflow>;
  /** Shown on the tab. */
  readonly name: string;
  /** Where the server's user data keeps it, such as workflows/hobbit.json; null until it has been saved. */
  readonly path: string | null;
  /** The state that was saved last. */
  readonly saved: Workflow | null;
};

export type DocumentStore = StoreApi<DocumentState>;

export function createDocument(workflow: Workflow, name: string, path: string | null = null, saved: Workflow | null = workflow): DocumentStore {
  return createStore(() => ({ history: begin(workflow), name, path, saved }));
}

export function workflowOf(state: DocumentState): Workflow {
  return state.history.now;
}

export function isChanged(state: DocumentState): boolean {
  return state.saved !== state.history.now;
}

/** Makes an edit; label says what it was, for "Undo move". Edits with the same merge key in a row are one step. */
export function edit(store: DocumentStore, label: string, change: (w: Workflow) => Workflow, merge: string | null = null): void {
  store.setState((s) => ({ history: advance(s.history, change(s.history.now), label, merge) }));
}

/** Ends a gesture such as dragging a number. */
export function settleEdit(store: DocumentStore): void {
  store.setState((s) => ({ history: settle(s.history) }));
}

/** Changes the workflow without a step of its own. */
export function amendDocument(store: DocumentStore, change: (w: Workflow) => Workflow): void {
  store.setState((s) => ({ history: amend(s.history, change(s.history.now)) }));
}

export function undoEdit(store: DocumentStore): void {
  store.setState((s) => ({ history: undo(s.history) }));
}

export function redoEdit(store: DocumentStore): void {
  store.setState((s) => ({ history: redo(s.history) }));
}

/** The workflow was saved as it was then; edits since stay unsaved. */
export function markSaved(store: DocumentStore, saved: Workflow, name: string, path: string | null): void {
  store.setState({ saved, name, path });
}
