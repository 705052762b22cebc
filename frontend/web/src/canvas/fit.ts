import { getViewportForBounds, type ReactFlowInstance } from '@xyflow/react';

import { graphAt } from '../document/graph';
import { workflowOf, type DocumentStore } from '../document/store';
import type { Id } from '../document/types';
import { boundsOf, type FlowNode } from './flow';
import { shownGraph, type ViewStore } from './view';

type Flow = Pick<ReactFlowInstance<FlowNode>, 'setViewport'>;

/** Shows the selected nodes where they are several, else the whole canvas. */
export function fit(flow: Flow, document: DocumentStore, view: ViewStore): void {
  const { selection } = view.getState();
  show(flow, document, view, selection.length > 1 ? new Set(selection) : undefined);
}

/** Selects a node by the id that it has in a run, such as 12 or 12:3 inside of a subgraph, and brings it into sight; nothing where it is gone. */
export function showNode(flow: Flow, document: DocumentStore, view: ViewStore, id: string): void {
  const top = workflowOf(document.getState()).nodes.find((n) => String(n.id) === id.split(':')[0]);
  if (top === undefined) return;
  view.setState({ path: [], selection: [top.id] });
  show(flow, document, view, new Set([top.id]));
}

/** React Flow itself knows only the nodes that it has drawn. */
function show(flow: Flow, document: DocumentStore, view: ViewStore, only?: ReadonlySet<Id>): void {
  const graph = graphAt(workflowOf(document.getState()), shownGraph(view.getState()));
  const bounds = graph && boundsOf(graph, only);
  const area = window.document.querySelector('.react-flow')?.getBoundingClientRect();
  if (bounds && area) void flow.setViewport(getViewportForBounds(bounds, area.width, area.height, 0.05, 1, 0.06));
}
