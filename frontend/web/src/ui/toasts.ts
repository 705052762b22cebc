import { createStore } from 'zustand/vanilla';

/** Something to tell. Errors stay until they are closed. */
export type Toast = {
  readonly id: number;
  readonly kind: 'info' | 'error';
  readonly text: string;
  readonly details: string;
  readonly action: { readonly label: string; readonly run: () => void } | null;
};

type Note = { readonly text: string; readonly details?: string; readonly kind?: Toast['kind']; readonly action?: Toast['action'] };

/** How long an info stays, in milliseconds. */
const stay = 6000;

export const toasts = createStore<{ readonly list: readonly Toast[] }>(() => ({ list: [] }));

let last = 0;

/** Tells something. The same text again takes the place of the one before. */
export function notify({ text, details = '', kind = 'info', action = null }: Note): void {
  const id = ++last;
  toasts.setState(({ list }) => ({ list: [...list.filter((t) => t.text !== text), { id, kind, text, details, action }].slice(-5) }));
  if (kind === 'info') setTimeout(() => dismiss(id), stay);
}

export function dismiss(id: number): void {
  toasts.setState(({ list }) => ({ list: list.filter((t) => t.id !== id) }));
}

/** Tells what went wrong: the message of an error, and its details if it has some. */
export function notifyError(error: unknown): void {
  if (error instanceof DOMException && error.name === 'AbortError') return;
  const details = error instanceof Error && 'details' in error && typeof error.details === 'string' ? error.details : '';
  notify({ kind: 'error', text: error instanceof Error ? error.message : String(error), details });
}
