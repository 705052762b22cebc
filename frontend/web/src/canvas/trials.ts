import { graphAt, nodeMap } from '../document/graph';
import type { GraphId, GraphNode, Id, Workflow } from '../document/types';
import { valueOf } from '../document/values';
import type { NodeClass, Schema } from '../schema/types';
import { pictureKey, type PictureRef } from '../server/picture';
import type { NodeRun } from '../run/types';

/** What came of some values of a node that steers the character. */
export type Trial = { readonly values: string; readonly picture: PictureRef };

/** The numbers whose effect is looked at. */
const steers = ['v', 'eta2', 'start', 'end'];

/** Says whether a node's numbers say how strongly a character comes out. */
export function isSteering(c: NodeClass | undefined): c is NodeClass {
  return c?.category.startsWith('oneactor') === true && c.inputs.some((i) => i.widget && (i.name === 'v' || i.name === 'eta2'));
}

/** The newest picture that follows from a node, with the values that led to it; null where there is none. */
export function trialOf(node: GraphNode, workflow: Workflow, at: GraphId, runs: ReadonlyMap<string, NodeRun>, schema: Schema): Trial | null {
  const c = schema.get(node.type);
  const graph = graphAt(workflow, at);
  if (!isSteering(c) || graph === undefined) return null;
  const seen = new Set<Id>([node.id]);
  for (const id of seen) {
    const picture = id === node.id ? undefined : runs.get(String(id))?.output?.pictures[0];
    if (picture !== undefined && nodeMap(graph).has(id)) return { values: valuesOf(node, c), picture };
    for (const l of graph.links) if (l.origin_id === id) seen.add(l.target_id);
  }
  return null;
}

function valuesOf(node: GraphNode, c: NodeClass): string {
  return steers.filter((name) => c.inputs.some((i) => i.name === name)).map((name) => `${name} ${String(Number(valueOf(node, c, name)))}`).join(', ');
}

/** The last two trials, the newest first. The same values again take the place of the newest. */
export function withTrial(list: readonly Trial[], trial: Trial): readonly Trial[] {
  const [newest] = list;
  if (newest && pictureKey(newest.picture) === pictureKey(trial.picture)) return list;
  return [trial, ...(newest?.values === trial.values ? list.slice(1) : list)].slice(0, 2);
}
