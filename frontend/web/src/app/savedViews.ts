import type { ReactFlowInstance } from '@xyflow/react';

import { shownGraph } from '../canvas/view';
import { graphAt } from '../document/graph';
import { edit, workflowOf } from '../document/store';
import { savedView, withView } from '../document/views';
import { notify } from '../ui/toasts';
import type { Tab } from './workspace';

export type Camera = Pick<ReactFlowInstance, 'getViewport' | 'setViewport'>;

/** Keeps in the workflow what is seen of it now. */
export function keepView({ document, view }: Tab, number: number, camera: Camera): void {
  const { x, y, zoom } = camera.getViewport();
  const way = view.getState().path;
  edit(document, `keep view ${number}`, (w) => withView(w, number, { way, x, y, zoom }));
  notify({ kind: 'info', text: `View ${number} is kept: the key ${number} shows it again.`, details: '' });
}

/** Shows what was kept, also where that is inside of a subgraph. */
export function showView({ document, view }: Tab, number: number, camera: Camera): void {
  const workflow = workflowOf(document.getState());
  const saved = savedView(workflow, number);
  if (saved === undefined || saved.way.some((s) => graphAt(workflow, s.graph) === undefined)) {
    notify({ kind: 'info', text: `There is no view ${number}.`, details: `Alt+${number} keeps what is seen now.` });
    return;
  }
  const { way, x, y, zoom } = saved;
  const at = way.at(-1)?.graph ?? null;
  const here = shownGraph(view.getState()) === at;
  view.setState((s) => ({ path: way, selection: here ? s.selection : [], viewports: new Map(s.viewports).set(at, { x, y, zoom }) }));
  if (here) void camera.setViewport({ x, y, zoom });
}
