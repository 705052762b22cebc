import { shownGraph } from '../canvas/view';
import { insertActor } from '../document/actor';
import { edit, workflowOf } from '../document/store';
import type { Point } from '../document/types';
import type { Schema } from '../schema/types';
import { notify } from '../ui/toasts';
import type { Tab } from './workspace';

/** Puts an actor into the workflow that is open. */
export function addActor({ document, view }: Tab, schema: Schema, name: string, place: Point = [0, 0]): void {
  const result = insertActor(workflowOf(document.getState()), shownGraph(view.getState()), schema, name, place);
  if (result === null) {
    notify({ kind: 'error', text: 'This server has no nodes for actors.', details: 'LoadActor and ApplyActor are missing in its list of nodes.' });
    return;
  }
  edit(document, `add the actor ${name}`, () => result.workflow);
  view.setState({ selection: result.ids });
}
