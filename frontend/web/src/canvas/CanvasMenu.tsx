import { useState, type MouseEvent, type ReactNode } from 'react';

import { editNodes } from '../document/edit';
import { linkBoundary } from '../document/boundary';
import { faceOf, type Face } from '../document/face';
import { editGroup, removeGroup } from '../document/group';
import { graphAt, nodeMap, subgraph } from '../document/graph';
import { edit, workflowOf, type DocumentStore } from '../document/store';
import type { GraphId, GraphNode, Id } from '../document/types';
import type { Schema } from '../schema/types';
import { ContextMenu, separator, type MenuItem } from '../ui/Menu';
import { nodeColours } from './colours';
import { useAt, useCanvas, type CanvasContext } from './context';

/** What was clicked with the right button. */
type Target = { readonly kind: 'node'; readonly id: Id } | { readonly kind: 'group'; readonly index: number } | { readonly kind: 'canvas'; readonly x: number; readonly y: number };

/** The menu of the right button and of a long press, for nodes, groups and the canvas. */
export function CanvasMenu({ children }: { children: ReactNode }) {
  const context = useCanvas();
  const at = useAt();
  const [target, setTarget] = useState<Target>({ kind: 'canvas', x: 0, y: 0 });
  const aim = (e: MouseEvent) => {
    const found = targetOf(e, context, at);
    setTarget(found);
    const { selection } = context.view.getState();
    if (found.kind === 'node' && !selection.includes(found.id)) context.view.setState({ selection: [found.id] });
  };
  return (
    <ContextMenu items={itemsOf(target, context, at)}>
      <div style={{ width: '100%', height: '100%' }} onContextMenuCapture={aim} onPointerDownCapture={(e) => e.pointerType !== 'mouse' && aim(e)}>{children}</div>
    </ContextMenu>
  );
}

function targetOf(e: MouseEvent, { document }: CanvasContext, at: GraphId): Target {
  const element = e.target instanceof Element ? e.target : null;
  const node = element?.closest<HTMLElement>('[data-node]')?.dataset.node;
  const id = graphAt(workflowOf(document.getState()), at)?.nodes.find((n) => String(n.id) === node)?.id;
  if (id !== undefined) return { kind: 'node', id };
  const group = element?.closest<HTMLElement>('[data-group]')?.dataset.group;
  return group === undefined ? { kind: 'canvas', x: e.clientX, y: e.clientY } : { kind: 'group', index: Number(group) };
}

function itemsOf(target: Target, c: CanvasContext, at: GraphId): MenuItem[] {
  switch (target.kind) {
    case 'node':
      return nodeItems(target.id, c, at);
    case 'group':
      return groupItems(target.index, c, at);
    default:
      return canvasItems(target.x, target.y, c);
  }
}

function nodeItems(id: Id, { document, view, schema, command, saveActor }: CanvasContext, at: GraphId): MenuItem[] {
  const w = workflowOf(document.getState());
  const graph = graphAt(w, at);
  const node = graph && nodeMap(graph).get(id);
  if (node === undefined) return [];
  const face = faceOf(node, w, schema);
  const paint = (color?: string, bgcolor?: string) => () => edit(document, 'colour', (now) => editNodes(now, at, view.getState().selection, (n) => ({ ...n, color, bgcolor })));
  const call = (label: string, name: string, keys = ''): MenuItem => ({ label, keys, run: () => command(name) });
  return [
    ...(face.subgraph ? [{ label: 'Open the subgraph', run: () => view.setState((s) => ({ path: [...s.path, { graph: node.type, node: id }], selection: [] })) }, call('Unpack the subgraph', 'unpack'), separator] : []),
    ...(face.class?.virtual ? [] : [call('Run to here', 'run-to', 'Ctrl+Shift+Enter'), separator]),
    ...(face.outputs.some((o) => o.type === 'ACTOR') ? [{ label: 'Save to cast', run: () => saveActor(id) }, separator] : []),
    call('Bypass', 'bypass', 'Ctrl+B'), call('Mute', 'mute', 'Ctrl+M'), call('Fold', 'fold', 'Alt+C'), call('Pin', 'pin', 'P'),
    { label: 'Colour', items: [{ label: 'none', run: paint() }, ...nodeColours.map((k) => ({ label: k.name, colour: k.bgcolor, run: paint(k.color, k.bgcolor) }))] },
    separator,
    call('Copy', 'copy', 'Ctrl+C'), call('Duplicate', 'duplicate', 'Ctrl+D'), call('Frame as a group', 'group', 'Ctrl+G'), call('Make a subgraph', 'subgraph', 'Ctrl+Shift+E'), ...shownOutside(node, face, document, at, schema), call('Arrange the selected', 'arrange'),
    separator,
    { ...call('Delete', 'delete', 'Del'), danger: true },
  ];
}

/** Inside of a subgraph: which widgets of a node can show on the node outside. */
function shownOutside(node: GraphNode, face: Face, document: DocumentStore, at: GraphId, schema: Schema): MenuItem[] {
  if (at === null) return [];
  const w = workflowOf(document.getState());
  const free = face.inputs.filter((i) => i.widget !== null && !i.linked);
  const slot = subgraph(w, at)?.inputs.length ?? 0;
  const show = (input: string) => () => edit(document, 'show outside', (now) => linkBoundary(now, at, { side: 'in', slot, node: node.id, input, output: -1 }, schema));
  return free.length === 0 ? [] : [{ label: 'Show outside', items: free.map((i) => ({ label: i.label, run: show(i.name) })) }];
}

const groupColours = ['#3f789e', '#8a8', '#88a', '#a88', '#b06634', '#b58b2a', '#8aa', '#a1309b', '#444'];

function groupItems(index: number, { document, view }: CanvasContext, at: GraphId): MenuItem[] {
  const inside = () => {
    const graph = graphAt(workflowOf(document.getState()), at);
    const b = graph?.groups[index]?.bounding;
    return b === undefined ? [] : (graph?.nodes.filter((n) => n.pos[0] >= b[0] && n.pos[1] >= b[1] && n.pos[0] <= b[0] + b[2] && n.pos[1] <= b[1] + b[3]) ?? []);
  };
  return [
    { label: 'Select what is inside', run: () => view.setState({ selection: inside().map((n) => n.id) }) },
    { label: 'Colour', items: groupColours.map((color) => ({ label: color, colour: color, run: () => edit(document, 'colour', (w) => editGroup(w, at, index, (g) => ({ ...g, color }))) })) },
    separator,
    { label: 'Remove the frame', danger: true, run: () => edit(document, 'remove the frame', (w) => removeGroup(w, at, index)) },
  ];
}

function canvasItems(x: number, y: number, { view, command, toPlace }: CanvasContext): MenuItem[] {
  const call = (label: string, name: string, keys = ''): MenuItem => ({ label, keys, run: () => command(name) });
  return [
    { label: 'Add a node', keys: 'double click', run: () => view.setState({ palette: { screen: [x, y], place: toPlace([x, y]), end: null } }) },
    call('Paste', 'paste', 'Ctrl+V'), separator, call('Select all', 'select-all', 'Ctrl+A'), call('Arrange', 'arrange'), call('Show everything', 'fit', 'F'), separator, call('Undo', 'undo', 'Ctrl+Z'),
    call('Redo', 'redo', 'Ctrl+Shift+Z'),
  ];
}
