import type { Json } from '../json/value';
import type { PictureRef } from '../server/picture';

/** What has become of a node in the newest run that it was part of. */
type NodeState = 'queued' | 'running' | 'kept' | 'done' | 'failed' | 'interrupted';

/** What was wrong with a node; input names the one that caused it. */
export type NodeProblem = { readonly message: string; readonly details: string; readonly input: string | null };

/** What a node shows. */
export type NodeOutput = {
  readonly pictures: readonly PictureRef[];
  readonly texts: readonly string[];
  /** Everything that it put out, by key. */
  readonly all: { readonly [key: string]: Json };
};

/** The state of one node. Times are milliseconds of the page's clock. */
export type NodeRun = {
  readonly state: NodeState | null;
  readonly value: number;
  readonly max: number;
  readonly started: number | null;
  readonly seconds: number | null;
  /** When the first step was done and what it was, for the time left. */
  readonly firstStep: { readonly at: number; readonly value: number } | null;
  /** Address of the newest preview; it is good until the next one comes. */
  readonly preview: string | null;
  /** What the node says about its progress. */
  readonly text: string | null;
  readonly output: NodeOutput | null;
  readonly problems: readonly NodeProblem[];
};

/** A prompt that waits, runs, or was the last one. */
export type PromptRun = {
  readonly id: string;
  readonly state: 'queued' | 'running' | 'done' | 'failed' | 'interrupted';
  /** Ids of the nodes that it may run, and of those that are finished. */
  readonly nodes: readonly string[];
  readonly finished: ReadonlySet<string>;
  readonly started: number | null;
};

/** The state of the runs of one workflow. */
export type RunState = {
  readonly nodes: ReadonlyMap<string, NodeRun>;
  /** The newest prompt; those before it may still wait. */
  readonly prompt: PromptRun | null;
};
