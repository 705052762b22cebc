import { useEffect } from 'react';

import { shownGraph } from '../canvas/view';
import { copyNodes, pasteNodes, readClipboard } from '../document/clipboard';
import { removeNodes } from '../document/edit';
import { edit, workflowOf } from '../document/store';
import type { Point } from '../document/types';
import type { Tab } from './workspace';

/** The text of the selected nodes. */
export function selectedText({ document, view }: Tab): string {
  return copyNodes(workflowOf(document.getState()), shownGraph(view.getState()), view.getState().selection);
}

/** Pastes nodes at a place, with the links that fed the originals if they are there; false for a text of something else. */
export function paste({ document, view }: Tab, text: string, place: Point, outerLinks = false): boolean {
  const pasted = readClipboard(text);
  if (pasted === null) return false;
  const result = pasteNodes(workflowOf(document.getState()), shownGraph(view.getState()), pasted, place, outerLinks);
  edit(document, 'paste', () => result.workflow);
  view.setState({ selection: result.ids });
  return true;
}

/** Copy, cut and paste by the browser's own clipboard, so that it works between tabs and windows. Other texts and files are left to onOther. */
export function useClipboard(tab: Tab | undefined, place: () => Point, onOther: (data: DataTransfer) => void): void {
  useEffect(() => {
    if (tab === undefined) return;
    let withLinks = false;
    const shift = (e: KeyboardEvent) => void (withLinks = e.shiftKey);
    const copy = (e: ClipboardEvent) => {
      const { selection } = tab.view.getState();
      if (!ofNodes(e) || selection.length === 0) return;
      e.preventDefault();
      e.clipboardData?.setData('text/plain', selectedText(tab));
      if (e.type === 'cut') edit(tab.document, 'cut', (w) => removeNodes(w, shownGraph(tab.view.getState()), selection));
    };
    const pasted = (e: ClipboardEvent) => {
      if (!ofNodes(e) || e.clipboardData === null) return;
      e.preventDefault();
      if (!paste(tab, e.clipboardData.getData('text/plain'), place(), withLinks)) onOther(e.clipboardData);
    };
    const events = [['copy', copy], ['cut', copy], ['paste', pasted]] as const;
    for (const [name, listener] of events) document.addEventListener(name, listener);
    window.addEventListener('keydown', shift, true);
    return () => {
      for (const [name, listener] of events) document.removeEventListener(name, listener);
      window.removeEventListener('keydown', shift, true);
    };
  }, [tab, place, onOther]);
}

/** Says whether it is about nodes: nothing is typed, and no text is selected. */
function ofNodes(e: ClipboardEvent): boolean {
  const typing = e.target instanceof HTMLElement && e.target.closest('input, textarea') !== null;
  return !typing && (document.getSelection()?.isCollapsed ?? true);
}
