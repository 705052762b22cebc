import { applyNodeChanges, type NodeChange } from '@xyflow/react';
import { useCallback, useEffect, useRef, useState } from 'react';

import { graphAt } from '../document/graph';
import { workflowOf } from '../document/store';
import type { GraphId, Id } from '../document/types';
import { useCanvas } from './context';
import { flowNodes, type FlowNode } from './flow';

/**
 * The nodes of a canvas as React Flow keeps them: their places while they are dragged, their measured sizes, what is selected. All else comes
 * from the document. Deletions are edits of the document, so they are not applied here.
 */
export function useFlowNodes(at: GraphId): [FlowNode[], (changes: NodeChange<FlowNode>[]) => void] {
  const { document } = useCanvas();
  const [nodes, setNodes] = useState<FlowNode[]>(() => {
    const graph = graphAt(workflowOf(document.getState()), at);
    return graph ? flowNodes(graph, []) : [];
  });
  useEffect(() => document.subscribe((now, before) => {
    const graph = graphAt(workflowOf(now), at);
    if (graph && graph !== graphAt(workflowOf(before), at)) setNodes((old) => flowNodes(graph, old));
  }), [document, at]);
  useSelection(nodes, setNodes);
  const change = useCallback((changes: NodeChange<FlowNode>[]) => setNodes((old) => applyNodeChanges(changes.filter((c) => c.type !== 'remove'), old)), []);
  return [nodes, change];
}

function selectedIds(nodes: readonly FlowNode[]): Id[] {
  return nodes.flatMap((n) => (n.type === 'node' && n.selected ? [n.data.id] : []));
}

/** Keeps the selection of React Flow and that of the view the same: commands set it, clicks change it. */
function useSelection(nodes: readonly FlowNode[], setNodes: (change: (before: FlowNode[]) => FlowNode[]) => void) {
  const { view } = useCanvas();
  const key = selectedIds(nodes).join();
  const shown = useRef(key);
  useEffect(() => {
    shown.current = key;
    if (view.getState().selection.join() !== key) view.setState({ selection: selectedIds(nodes) });
  }, [key, nodes, view]);
  useEffect(() => view.subscribe(({ selection }) => {
    if (selection.join() === shown.current) return;
    const wanted = new Set(selection);
    setNodes((before) => before.map((n) => {
      const is = n.type === 'node' && wanted.has(n.data.id);
      return (n.selected ?? false) === is ? n : { ...n, selected: is };
    }));
  }), [view, setNodes]);
}
