import type { Json } from '../json/value';

/**
 * A workflow as its file has it (ComfyUI's UI JSON). Keys that this page does not know are kept where they are: every type here may hold
 * more than it names. Values are never changed in place; an edit makes a new workflow that shares what did not change.
 */
type Unknown = { readonly [key: string]: unknown };

/** Nodes and links carry numbers in every file that ComfyUI writes; texts are allowed by version 1 of the format. */
export type Id = number | string;

export type Point = readonly [x: number, y: number];

export type InputSlot = Unknown & {
  readonly name: string;
  readonly type: string;
  readonly link: Id | null;
  /** The widget whose value the link gives. */
  readonly widget?: { readonly name: string } | undefined;
  readonly label?: string | undefined;
};

export type OutputSlot = Unknown & {
  readonly name: string;
  readonly type: string;
  readonly links: readonly Id[] | null;
  readonly label?: string | undefined;
};

/** How a node takes part in a run. */
export const Mode = { always: 0, muted: 2, bypassed: 4 } as const;

export type GraphNode = Unknown & {
  readonly id: Id;
  readonly type: string;
  readonly pos: Point;
  readonly size: Point;
  readonly mode: number;
  readonly flags: Unknown & { readonly collapsed?: boolean; readonly pinned?: boolean };
  readonly inputs: readonly InputSlot[];
  readonly outputs: readonly OutputSlot[];
  readonly properties: Unknown;
  readonly title?: string | undefined;
  readonly widgets_values?: readonly Json[] | { readonly [name: string]: Json } | undefined;
  readonly color?: string | undefined;
  readonly bgcolor?: string | undefined;
};

export type Link = Unknown & {
  readonly id: Id;
  readonly origin_id: Id;
  readonly origin_slot: number;
  readonly target_id: Id;
  readonly target_slot: number;
  readonly type: string;
};

export type Group = Unknown & {
  readonly title: string;
  readonly bounding: readonly [x: number, y: number, width: number, height: number];
  readonly color?: string | undefined;
};

/** One canvas: the workflow itself, or the inside of a subgraph. */
export type Graph = Unknown & {
  readonly nodes: readonly GraphNode[];
  readonly links: readonly Link[];
  readonly groups: readonly Group[];
};

/** An end of a subgraph, where links of its inside meet those outside. */
export type SubgraphSlot = Unknown & { readonly id: string; readonly name: string; readonly type: string; readonly linkIds?: readonly Id[]; readonly label?: string };

/** The definition of a subgraph. Nodes whose type is its id are instances of it. */
export type Subgraph = Graph & {
  readonly id: string;
  readonly name: string;
  readonly inputs: readonly SubgraphSlot[];
  readonly outputs: readonly SubgraphSlot[];
  readonly inputNode: Unknown & { readonly id: Id; readonly bounding: readonly number[] };
  readonly outputNode: Unknown & { readonly id: Id; readonly bounding: readonly number[] };
};

export type Workflow = Graph & {
  readonly definitions?: (Unknown & { readonly subgraphs?: readonly Subgraph[] }) | undefined;
  readonly extra?: Unknown | undefined;
};

/** Which canvas is meant: null is the workflow itself, a text the subgraph with that id. */
export type GraphId = string | null;
