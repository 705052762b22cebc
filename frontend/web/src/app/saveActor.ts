import { shownGraph } from '../canvas/view';
import { withSavedActor } from '../document/save_actor';
import { edit, workflowOf } from '../document/store';
import type { Id } from '../document/types';
import { askText } from '../ui/ask';
import { notify } from '../ui/toasts';
import { execute, type Engine } from './execute';
import type { Tab } from './workspace';

/** Asks for a name, and runs a node that saves the actor of another node under it. What the actor needs is kept from the last run. */
export async function saveActor(tab: Tab, engine: Engine, node: Id): Promise<void> {
  const name = await askText('Save the character as', '', 'Save to cast');
  if (name === null) return;
  const result = withSavedActor(workflowOf(tab.document.getState()), shownGraph(tab.view.getState()), engine.schema, node, name.trim());
  if (result === null) {
    notify({ kind: 'error', text: 'This node has no actor that could be saved.' });
    return;
  }
  edit(tab.document, 'save to cast', () => result.workflow);
  await execute(tab, engine, [result.id]);
}
