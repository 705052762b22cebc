import { useEffect } from 'react';

import { shownGraph } from '../canvas/view';
import { copyNodes, pasteNodes, readClipboard } from '../document/clipboard';
import { removeNodes } from '../document/edit';
import { edit, workflowOf } from '../document/store';
import type { Point } from '../document/types';
import type { Tab } from './workspace';

/** Copy, cut and paste by the browser's own clipboard, so that it works between tabs and windows. Other texts and files are left to onOther. */
export function useClipboard(tab: Tab | undefined, place: () => Point, onOther: (data: DataTransfer) => void): void {
  useEffect(() => {
    if (tab === undefined) return;
    const { document: store, view } = tab;
    const ofNodes = (e: ClipboardEvent) => {
      const typing = e.target instanceof HTMLElement && e.target.closest('input, textarea');
      return !typing && (document.getSelection()?.isCollapsed ?? true);
    };
    const copy = (e: ClipboardEvent) => {
      const { selection } = view.getState();
      if (!ofNodes(e) || selection.length === 0) return;
      e.preventDefault();
      e.clipboardData?.setData('text/plain', copyNodes(workflowOf(store.getState()), shownGraph(view.getState()), selection));
      if (e.type === 'cut') edit(store, 'cut', (w) => removeNodes(w, shownGraph(view.getState()), selection));
    };
    let withLinks = false;
    const shift = (e: KeyboardEvent) => void (withLinks = e.shiftKey);
    const paste = (e: ClipboardEvent) => {
      if (!ofNodes(e) || e.clipboardData === null) return;
      e.preventDefault();
      const pasted = readClipboard(e.clipboardData.getData('text/plain'));
      if (pasted === null) {
        onOther(e.clipboardData);
        return;
      }
      const at = shownGraph(view.getState());
      const result = pasteNodes(workflowOf(store.getState()), at, pasted, place(), withLinks);
      edit(store, 'paste', () => result.workflow);
      view.setState({ selection: result.ids });
    };
    const events = [['copy', copy], ['cut', copy], ['paste', paste]] as const;
    for (const [name, listener] of events) document.addEventListener(name, listener);
    window.addEventListener('keydown', shift, true);
    return () => {
      for (const [name, listener] of events) document.removeEventListener(name, listener);
      window.removeEventListener('keydown', shift, true);
    };
  }, [tab, place, onOther]);
}
