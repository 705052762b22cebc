import { createStore } from 'zustand/vanilla';

import type { Point } from '../document/types';

/** What the window itself knows: how often Run queues the workflow, and whether the search or the storybook is open. */
export const shell = createStore<{ readonly times: number; readonly searching: boolean; readonly story: boolean }>(() => ({ times: 1, searching: false, story: false }));

let pointer: Point = [400, 300];

window.addEventListener('pointermove', (e) => (pointer = [e.clientX, e.clientY]), { passive: true });
window.addEventListener('dragover', (e) => (pointer = [e.clientX, e.clientY]), { passive: true });

/** Where the pointer was last, on the screen. */
export function pointerPlace(): Point {
  return pointer;
}

/** Asks for a file by the browser's own dialog. */
export function askFile(accept: string, onFile: (file: File) => void): void {
  const input = Object.assign(document.createElement('input'), { type: 'file', accept });
  input.onchange = () => {
    const file = input.files?.[0];
    if (file) onFile(file);
  };
  input.click();
}
