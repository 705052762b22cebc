import { addLink, addNodes, newNode } from '../document/edit';
import { freeNodeId } from '../document/graph';
import { edit, workflowOf } from '../document/store';
import type { Point } from '../document/types';
import type { NodeClass } from '../schema/types';
import type { CanvasContext } from './context';
import { fittingWish } from './useLinks';
import { shownGraph, type LooseEnd } from './view';

/** Adds a node at a place, selects it, and links it to a loose end if there is one. */
export function addNode({ document, view, schema }: Pick<CanvasContext, 'document' | 'view' | 'schema'>, c: NodeClass, place: Point, end: LooseEnd | null = null): void {
  const at = shownGraph(view.getState());
  const id = freeNodeId(workflowOf(document.getState()));
  edit(document, `add ${c.title}`, (w) => {
    const added = addNodes(w, at, [newNode(c, id, [Math.round(place[0]), Math.round(place[1])])]);
    const wish = end === null ? null : fittingWish(end, id, added, at, schema);
    return wish === null ? added : addLink(added, at, wish, schema);
  });
  view.setState({ selection: [id] });
  countUse(c.name);
}

const key = 'oneactor.uses';

/** How often each class was added on this computer. */
export function usesOfNodes(): Record<string, number> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '{}') as Record<string, number>;
  } catch {
    return {};
  }
}

function countUse(name: string): void {
  const uses = usesOfNodes();
  try {
    localStorage.setItem(key, JSON.stringify({ ...uses, [name]: (uses[name] ?? 0) + 1 }));
  } catch {
    // A full storage costs the order of searches only.
  }
}
