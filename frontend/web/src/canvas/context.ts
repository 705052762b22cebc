import { createContext, use } from 'react';
import { useStore } from 'zustand';

import { faceOf, type Face } from '../document/face';
import { graphAt, nodeMap } from '../document/graph';
import { staleNodes } from '../document/stale';
import { workflowOf, type DocumentStore } from '../document/store';
import type { GraphId, GraphNode, Id, Point } from '../document/types';
import { idle } from '../run/change';
import { runInside } from '../run/inside';
import type { RunStore } from '../run/runs';
import type { NodeRun } from '../run/types';
import type { Schema } from '../schema/types';
import type { PictureRef } from '../server/picture';
import type { ViewStore } from './view';

/** What nodes on the canvas need to know and can ask for. */
export type CanvasContext = {
  readonly document: DocumentStore;
  readonly run: RunStore;
  readonly view: ViewStore;
  readonly schema: Schema;
  /** Opens pictures large. */
  readonly showPicture: (picture: PictureRef, all: readonly PictureRef[]) => void;
  /** Asks for a name and saves the actor of a node. */
  readonly saveActor: (node: Id) => void;
  /** Runs a command by its id. */
  readonly command: (id: string) => void;
  /** The place on the canvas that is at a point of the screen. */
  readonly toPlace: (screen: Point) => Point;
};

const Context = createContext<CanvasContext | null>(null);

export const CanvasProvider = Context.Provider;

export function useCanvas(): CanvasContext {
  const c = use(Context);
  if (c === null) throw new Error('this is no part of a canvas');
  return c;
}

/** The canvas that is shown: the workflow itself, or the subgraph that was entered. */
export function useAt(): GraphId {
  return useStore(useCanvas().view, (s) => s.path.at(-1)?.graph ?? null);
}

/** A node of the canvas that is shown; undefined once it is gone. */
export function useNode(id: Id): GraphNode | undefined {
  const { document } = useCanvas();
  const at = useAt();
  return useStore(document, (s) => {
    const graph = graphAt(workflowOf(s), at);
    return graph && nodeMap(graph).get(id);
  });
}

export function useFace(node: GraphNode): Face {
  const { document, schema } = useCanvas();
  const workflow = useStore(document, (s) => (schema.has(node.type) ? null : workflowOf(s)));
  return faceOf(node, workflow ?? workflowOf(document.getState()), schema);
}

/** What has become of a node. Inside of subgraphs its name in a run is that of the way to it, as in 12:3. */
export function useNodeRun(id: Id, isSubgraph: boolean): NodeRun {
  const { run, view } = useCanvas();
  const prefix = useStore(view, (s) => s.path.map((p) => `${p.node}:`).join(''));
  return useStore(run, (s) => (isSubgraph ? runInside(s.nodes, `${prefix}${id}:`) : (s.nodes.get(`${prefix}${id}`) ?? idle)));
}

/** The node's result is of another state of the workflow than the one that is shown. */
export function useStale(id: Id): boolean {
  const { document, view } = useCanvas();
  const at = useAt();
  const ran = useStore(view, (s) => s.ran);
  return useStore(document, (s) => staleNodes(ran, workflowOf(s), at).has(id));
}
