import '@xyflow/react/dist/base.css';

import { Background, BackgroundVariant, MiniMap, ReactFlow, SelectionMode, useReactFlow, useStore as useFlow, type Edge, type NodeTypes } from '@xyflow/react';
import { useCallback, useMemo, type MouseEvent } from 'react';
import { useStore } from 'zustand';

import { moveNodes, removeLinks, removeNodes } from '../document/edit';
import { graphAt } from '../document/graph';
import { moveGroup, removeGroup } from '../document/group';
import { edit, workflowOf } from '../document/store';
import type { GraphId, Id, Point, Workflow } from '../document/types';
import { BoundaryView } from './BoundaryView';
import styles from './Canvas.module.css';
import { useAt, useCanvas } from './context';
import { flowEdges, titleHeight, type FlowNode } from './flow';
import { fit } from './fit';
import { GroupView } from './GroupView';
import { NodeView, readable } from './NodeView';
import { useFlowNodes } from './useFlowNodes';
import { linkId, useLinks } from './useLinks';

const nodeTypes: NodeTypes = { node: NodeView, group: GroupView, boundary: BoundaryView };

/** The graph: drag, zoom, link. The document is the truth; React Flow keeps places only while they are dragged. */
export function Canvas() {
  const { document, view } = useCanvas();
  const at = useAt();
  const graph = useStore(document, (s) => graphAt(workflowOf(s), at));
  const [nodes, change] = useFlowNodes(at);
  const edges = useMemo(() => (graph ? flowEdges(graph) : []), [graph]);
  const links = useLinks(at);
  // From afar all nodes are few elements each, and making them anew as they come into sight costs more than keeping them.
  const near = useFlow((s) => s.transform[2] >= readable);
  const { screenToFlowPosition } = useReactFlow();
  const settle = (moved: readonly FlowNode[]) => edit(document, moved.length > 1 ? `move ${moved.length} nodes` : 'move', (w) => movedTo(w, at, moved));
  const remove = useCallback(({ nodes: gone, edges: cut }: { nodes: FlowNode[]; edges: Edge[] }) => {
    edit(document, 'delete', (w) => without(w, at, gone, cut));
    return Promise.resolve(false); // the document has done it
  }, [document, at]);
  const search = (e: MouseEvent) => {
    if (!(e.target instanceof Element) || !e.target.classList.contains('react-flow__pane')) return;
    const { x, y } = screenToFlowPosition({ x: e.clientX, y: e.clientY });
    view.setState({ palette: { screen: [e.clientX, e.clientY], place: [x, y], end: null } });
  };
  const known = view.getState().viewports.get(at);
  return (
    <ReactFlow<FlowNode>
      className={styles.canvas ?? ''} nodes={nodes} edges={edges} nodeTypes={nodeTypes} aria-label="workflow" onNodesChange={change} {...links} onBeforeDelete={remove}
      onNodeDragStop={(_, __, moved) => settle(moved)} onSelectionDragStop={(_, moved) => settle(moved)} onDoubleClick={search}
      onMoveEnd={(_, viewport) => view.setState((s) => ({ viewports: new Map(s.viewports).set(at, viewport) }))}
      {...(known === undefined ? { onInit: (flow) => fit(flow, document, view) } : { defaultViewport: known })} zoomOnDoubleClick={false} minZoom={0.05}
      maxZoom={4} selectionMode={SelectionMode.Partial} selectionKeyCode="Shift" multiSelectionKeyCode={['Meta', 'Control', 'Shift']} deleteKeyCode={['Delete', 'Backspace']}
      panActivationKeyCode="Space" connectionRadius={24} elevateEdgesOnSelect proOptions={{ hideAttribution: true }} edgesFocusable={false} onlyRenderVisibleElements={near} data-far={!near}
    >
      <Background variant={BackgroundVariant.Dots} gap={24} size={1.5} color="var(--rim)" />
      <MiniMap pannable zoomable ariaLabel="overview" className={styles.minimap ?? ''} nodeColor="var(--rim-strong)" maskColor="color-mix(in srgb, var(--canvas) 65%, transparent)" />
    </ReactFlow>
  );
}

/** The workflow with nodes and groups where they were dragged. */
function movedTo(w: Workflow, at: GraphId, moved: readonly FlowNode[]): Workflow {
  const places = new Map<Id, Point>();
  for (const n of moved) if (n.type === 'node') places.set(n.data.id, [Math.round(n.position.x), Math.round(n.position.y) + titleHeight]);
  return moved.reduce((now, n) => {
    if (n.type !== 'group') return now;
    const [x, y] = graphAt(now, at)?.groups[n.data.index]?.bounding ?? [n.position.x, n.position.y];
    return moveGroup(now, at, n.data.index, Math.round(n.position.x - x), Math.round(n.position.y - y));
  }, moveNodes(w, at, places));
}

/** The workflow without what was selected to be deleted. */
function without(w: Workflow, at: GraphId, gone: readonly FlowNode[], cut: readonly Edge[]): Workflow {
  const nodes = gone.flatMap((n) => (n.type === 'node' ? [n.data.id] : []));
  const groups = gone.flatMap((n) => (n.type === 'group' ? [n.data.index] : [])).sort((a, b) => b - a);
  const links = cut.filter((e) => e.selected).map((e) => linkId(e, w, at));
  return groups.reduce((now, index) => removeGroup(now, at, index), removeNodes(removeLinks(w, at, links), at, nodes));
}
