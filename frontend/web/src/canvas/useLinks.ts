import { useReactFlow, type Connection, type Edge, type IsValidConnection, type OnConnectEnd, type OnConnectStart } from '@xyflow/react';
import { useMemo, useRef } from 'react';

import { canLinkBoundary, inside, linkBoundary, type BoundaryWish } from '../document/boundary';
import { addLink, removeLinks } from '../document/edit';
import { faceOf } from '../document/face';
import { graphAt, nodeMap, subgraph } from '../document/graph';
import { canLink, type Wish } from '../document/link';
import { edit, workflowOf } from '../document/store';
import type { GraphId, Id, Point, Workflow } from '../document/types';
import { fits } from '../schema/socket';
import type { Schema } from '../schema/types';
import { useCanvas } from './context';
import { readHandle, type FlowNode } from './flow';
import type { LooseEnd } from './view';

/** What happens when links are dragged. */
export function useLinks(at: GraphId) {
  const { document, view, schema } = useCanvas();
  const { screenToFlowPosition } = useReactFlow();
  const reconnected = useRef(false);
  return useMemo(() => {
    const now = () => workflowOf(document.getState());
    const make = (wish: Wish | BoundaryWish | null, label = 'link') => wish && edit(document, label, (w) => linked(wish, w, at, schema));
    const isValidConnection: IsValidConnection = (c) => {
      const wish = readWish(c, now(), at);
      return wish !== null && isPossible(wish, now(), at, schema);
    };
    const onConnectStart: OnConnectStart = (_, { nodeId, handleId }) => view.setState({ dragged: looseEnd(nodeId, handleId, now(), at, schema) });
    const onConnectEnd: OnConnectEnd = (event, { isValid, toNode }) => {
      const end = view.getState().dragged;
      view.setState({ dragged: null });
      if (isValid === true || end === null) return;
      if (toNode !== null) {
        const { data } = toNode as unknown as FlowNode;
        if ('id' in data) make(fittingWish(end, data.id, now(), at, schema));
        if ('side' in data) make(newSlotWish(end, data.side, now(), at));
        return;
      }
      const screen = pointerOf(event);
      const { x, y } = screenToFlowPosition({ x: screen[0], y: screen[1] });
      view.setState({ palette: { screen, place: [x, y], end } });
    };
    return {
      isValidConnection,
      onConnectStart,
      onConnectEnd,
      onConnect: (c: Connection) => void make(readWish(c, now(), at)),
      onReconnectStart: () => void (reconnected.current = false),
      onReconnect: (old: Edge, c: Connection) => {
        reconnected.current = true;
        const wish = readWish(c, now(), at);
        if (wish) edit(document, 'link elsewhere', (w) => linked(wish, removeLinks(w, at, [linkId(old, w, at)]), at, schema));
      },
      /** A link that was pulled off and dropped goes. */
      onReconnectEnd: (_: unknown, old: Edge) => {
        if (!reconnected.current) edit(document, 'unlink', (w) => removeLinks(w, at, [linkId(old, w, at)]));
      },
      onEdgeDoubleClick: (_: unknown, e: Edge) => edit(document, 'unlink', (w) => removeLinks(w, at, [linkId(e, w, at)])),
    };
  }, [document, view, schema, at, screenToFlowPosition]);
}

/** The link of the document that an edge draws. */
export function linkId(e: Edge, w: Workflow, at: GraphId): Id {
  return graphAt(w, at)?.links.find((l) => String(l.id) === e.id)?.id ?? e.id;
}

/** The link that React Flow wants to make. */
function readWish(c: Connection | Edge, w: Workflow, at: GraphId): Wish | BoundaryWish | null {
  const [from, to] = [readHandle(c.sourceHandle), readHandle(c.targetHandle)];
  const nodes = graphAt(w, at)?.nodes;
  const origin = nodes?.find((n) => String(n.id) === c.source)?.id;
  const target = nodes?.find((n) => String(n.id) === c.target)?.id;
  if (from === null || to === null || !('output' in from) || !('input' in to)) return null;
  if (Number(c.source) === inside.input && target !== undefined) return { side: 'in', slot: from.output, node: target, input: to.input, output: -1 };
  if (Number(c.target) === inside.output && origin !== undefined) return { side: 'out', slot: Number(to.input), node: origin, input: '', output: from.output };
  if (origin === undefined || target === undefined) return null;
  return { from: origin, output: from.output, to: target, input: to.input };
}

/** A link that was dropped on an end of a subgraph makes a new slot there. */
function newSlotWish(end: LooseEnd, side: 'in' | 'out', w: Workflow, at: GraphId): BoundaryWish | null {
  const s = at === null ? undefined : subgraph(w, at);
  if (s === undefined || (side === 'in') !== (end.side === 'input')) return null;
  return { side, slot: (side === 'in' ? s.inputs : s.outputs).length, node: end.node, input: end.input, output: end.slot };
}

function isPossible(wish: Wish | BoundaryWish, w: Workflow, at: GraphId, schema: Schema): boolean {
  if (!('side' in wish)) return canLink(wish, w, at, schema) === null;
  const graph = graphAt(w, at);
  const node = graph && nodeMap(graph).get(wish.node);
  if (node === undefined) return false;
  const face = faceOf(node, w, schema);
  const type = wish.side === 'in' ? face.inputs.find((i) => i.name === wish.input)?.type : face.outputs[wish.output]?.type;
  return type !== undefined && canLinkBoundary(wish, w, at, type, fits) === null;
}

function linked(wish: Wish | BoundaryWish, w: Workflow, at: GraphId, schema: Schema): Workflow {
  if (!('side' in wish)) return addLink(w, at, wish, schema);
  return at === null ? w : linkBoundary(w, at, wish, schema);
}

function looseEnd(nodeId: string | null, handleId: string | null, w: Workflow, at: GraphId, schema: Schema): LooseEnd | null {
  const handle = readHandle(handleId);
  const node = graphAt(w, at)?.nodes.find((n) => String(n.id) === nodeId);
  if (handle === null || node === undefined) return null;
  const face = faceOf(node, w, schema);
  if ('output' in handle) return { side: 'output', type: face.outputs[handle.output]?.type ?? '*', node: node.id, slot: handle.output, input: '' };
  return { side: 'input', type: face.inputs.find((i) => i.name === handle.input)?.type ?? '*', node: node.id, slot: -1, input: handle.input };
}

/** A link that was dropped on a node takes the first socket that fits: a free one before a linked one, a mere socket before a widget's. */
export function fittingWish(end: LooseEnd, id: Id, w: Workflow, at: GraphId, schema: Schema): Wish | null {
  const graph = graphAt(w, at);
  const node = graph && nodeMap(graph).get(id);
  if (node === undefined) return null;
  const face = faceOf(node, w, schema);
  const rank = (i: (typeof face.inputs)[number]) => Number(i.linked) + 2 * Number(i.widget !== null);
  const wishes: Wish[] =
    end.side === 'output'
      ? [...face.inputs].sort((a, b) => rank(a) - rank(b)).filter((i) => fits(end.type, i.type)).map((i) => ({ from: end.node, output: end.slot, to: id, input: i.name }))
      : face.outputs.filter((o) => fits(o.type, end.type)).map((o) => ({ from: id, output: o.slot, to: end.node, input: end.input }));
  return wishes.find((wish) => canLink(wish, w, at, schema) === null) ?? null;
}

function pointerOf(event: MouseEvent | TouchEvent): Point {
  const p = 'changedTouches' in event ? event.changedTouches[0] : event;
  return [p?.clientX ?? 0, p?.clientY ?? 0];
}
