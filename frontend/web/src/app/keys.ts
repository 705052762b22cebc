import { useEffect } from 'react';

import type { Command } from './commands';

/** The keys of an event, as commands write them: Ctrl+Shift+Enter. Ctrl is Cmd on a Mac. */
export function keysOf(e: KeyboardEvent): string {
  const key = e.key.length === 1 ? e.key.toUpperCase() : e.key;
  return [(e.ctrlKey || e.metaKey) && 'Ctrl', e.altKey && 'Alt', e.shiftKey && (e.key.length > 1 || /[a-z]/i.test(e.key)) && 'Shift', key].filter(Boolean).join('+');
}

/** Says whether keys belong to what is typed into. */
function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !['checkbox', 'color', 'radio', 'range', 'button'].includes(target.type);
  return target instanceof HTMLElement && (target.isContentEditable || ['TEXTAREA', 'SELECT'].includes(target.tagName));
}

/** Within which time the second press of a key belongs to the first, in milliseconds. */
const twice = 500;

/** Runs commands by their keys. While something is typed only those with Ctrl that a text does not need. */
export function useKeys(list: readonly Command[]): void {
  useEffect(() => {
    const byKeys = new Map(list.filter((c) => c.keys !== '').map((c) => [c.keys, c]));
    let last = { keys: '', at: 0 };
    const down = (early: boolean) => (e: KeyboardEvent) => {
      const keys = keysOf(e);
      if (keys.startsWith('Ctrl') !== early) return;
      const again = last.keys === keys && e.timeStamp - last.at < twice;
      last = again ? { keys: '', at: 0 } : { keys, at: e.timeStamp };
      const command = byKeys.get(again ? `${keys} ${keys}` : keys) ?? byKeys.get(keys);
      if (command === undefined || (isTyping(e.target) && (!keys.startsWith('Ctrl') || ofText.has(keys)))) return;
      if (document.querySelector('[role=dialog], [role=menu], [role=alertdialog]')) return;
      e.preventDefault();
      if (early) e.stopPropagation();
      command.run();
    };
    // Those with Ctrl come before what has the focus: a focused node would take Enter for a click and no longer be selected.
    const [before, after] = [down(true), down(false)];
    window.addEventListener('keydown', before, true);
    window.addEventListener('keydown', after);
    return () => {
      window.removeEventListener('keydown', before, true);
      window.removeEventListener('keydown', after);
    };
  }, [list]);
}

/** Keys that a text has a use for itself. */
const ofText = new Set(['Ctrl+Z', 'Ctrl+Shift+Z', 'Ctrl+Y', 'Ctrl+A', 'Ctrl+B', 'Ctrl+M', 'Ctrl+D']);
