import { addNode } from '../canvas/addNode';
import { shownGraph } from '../canvas/view';
import { graphAt } from '../document/graph';
import { workflowOf } from '../document/store';
import type { NodeClass, Schema } from '../schema/types';
import type { Tab } from './workspace';

/** Puts a node where there is room: right of what is selected, or of everything. */
export function placeNode({ document, view }: Tab, schema: Schema, c: NodeClass): void {
  const { selection } = view.getState();
  const graph = graphAt(workflowOf(document.getState()), shownGraph(view.getState()));
  const nodes = graph?.nodes ?? [];
  const beside = nodes.filter((n) => selection.includes(n.id));
  const from = beside.length > 0 ? beside : nodes;
  const x = from.length === 0 ? 0 : Math.max(...from.map((n) => n.pos[0] + n.size[0])) + 60;
  const y = from.length === 0 ? 0 : Math.min(...from.map((n) => n.pos[1]));
  addNode({ document, view, schema }, c, [x, y]);
}
