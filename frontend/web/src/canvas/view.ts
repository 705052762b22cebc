import { createStore, type StoreApi } from 'zustand/vanilla';

import type { GraphId, Id, Point, Workflow } from '../document/types';
import type { Trial } from './trials';
import type { OpenEnd } from '../schema/search';

/** A subgraph that was entered, and the node through which. */
type Step = { readonly graph: string; readonly node: Id };

/** The loose end of a link that was dropped on the empty canvas. */
export type LooseEnd = OpenEnd & { readonly node: Id; readonly slot: number; readonly input: string };

/** Where the search for nodes is open: at a point of the screen, for a place on the canvas. */
export type PaletteState = { readonly screen: Point; readonly place: Point; readonly end: LooseEnd | null };

/** What a person sees of a workflow; nothing here is saved with it. */
export type ViewState = {
  readonly selection: readonly Id[];
  readonly path: readonly Step[];
  readonly palette: PaletteState | null;
  /** The end from which a link is dragged. */
  readonly dragged: LooseEnd | null;
  /** The workflow as it last ran. */
  readonly ran: Workflow | null;
  /** What came of the numbers of nodes that steer a character, the newest first. */
  readonly trials: ReadonlyMap<Id, readonly Trial[]>;
  /** Changes of such numbers run at once. */
  readonly live: boolean;
  /** Where each canvas was left. */
  readonly viewports: ReadonlyMap<GraphId, Viewport>;
};

type Viewport = { readonly x: number; readonly y: number; readonly zoom: number };

export type ViewStore = StoreApi<ViewState>;

export function createView(): ViewStore {
  return createStore(() => ({ selection: [], path: [], palette: null, dragged: null, ran: null, trials: new Map(), live: false, viewports: new Map() }));
}

/** The canvas that is shown. */
export function shownGraph(s: ViewState): GraphId {
  return s.path.at(-1)?.graph ?? null;
}
