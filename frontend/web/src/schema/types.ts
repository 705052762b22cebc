import type { Json, JsonObject } from '../json/value';

/** One input of a node class. */
export type InputSchema = {
  readonly name: string;
  /** The type of the socket: INT, MODEL, …; COMBO for every drop-down. */
  readonly type: string;
  readonly optional: boolean;
  /** Typed or chosen on the node; false for a socket alone. */
  readonly widget: boolean;
  /** What a drop-down offers. */
  readonly choices: readonly Json[];
  /** What a widget holds at first. */
  readonly initial: Json;
  /** What becomes of the value after each run can be chosen (seeds). */
  readonly control: boolean;
  /** Files can be uploaded here. */
  readonly upload: boolean;
  readonly tooltip: string;
  readonly options: JsonObject;
};

export type OutputSchema = { readonly name: string; readonly type: string; readonly list: boolean; readonly tooltip: string };

/** A node class, from /object_info. */
export type NodeClass = {
  readonly name: string;
  readonly title: string;
  readonly category: string;
  readonly description: string;
  readonly inputs: readonly InputSchema[];
  readonly outputs: readonly OutputSchema[];
  /** What this node needs runs. */
  readonly outputNode: boolean;
  readonly deprecated: boolean;
  readonly experimental: boolean;
  /** Known to the editor alone: notes, reroutes, primitives. */
  readonly virtual: boolean;
};

/** The classes by name. */
export type Schema = ReadonlyMap<string, NodeClass>;
