import { getViewportForBounds, type ReactFlowInstance } from '@xyflow/react';

import { graphAt } from '../document/graph';
import { workflowOf, type DocumentStore } from '../document/store';
import { boundsOf, type FlowNode } from './flow';
import { shownGraph, type ViewStore } from './view';

/** Shows the selected nodes, or the whole canvas where none is selected. React Flow itself knows only the nodes that it has drawn. */
export function fit(flow: Pick<ReactFlowInstance<FlowNode>, 'setViewport'>, document: DocumentStore, view: ViewStore): void {
  const graph = graphAt(workflowOf(document.getState()), shownGraph(view.getState()));
  const { selection } = view.getState();
  const bounds = graph && boundsOf(graph, selection.length > 1 ? new Set(selection) : undefined);
  const area = window.document.querySelector('.react-flow')?.getBoundingClientRect();
  if (bounds && area) void flow.setViewport(getViewportForBounds(bounds, area.width, area.height, 0.05, 1, 0.06));
}
