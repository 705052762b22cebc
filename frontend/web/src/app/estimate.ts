import type { Id } from '../document/types';
import type { NodeRun } from '../run/types';
import type { Estimate } from '../server/gen_wire';

/** From how many seconds on a run is long enough to be told of beforehand. */
const long = 15;

/**
 * What a run is going to take, in words: the nodes whose results are not there already, as often as it runs. Nodes inside of subgraphs, such as
 * 12:3, are stale where the one that stands for them is. Null for a short run.
 */
export function estimateText({ seconds, bytes }: Estimate, nodes: ReadonlyMap<string, NodeRun>, stale: ReadonlySet<Id>, times: number): string | null {
  const isThere = (id: string) => {
    const state = nodes.get(id)?.state;
    return (state === 'done' || state === 'kept') && ![...stale].some((s) => String(s) === id.split(':')[0]);
  };
  const left = Object.entries(seconds).reduce((sum, [id, s]) => sum + (isThere(id) ? 0 : s), 0) * times;
  if (left < long) return null;
  const memory = bytes > 1e9 ? `, ${(bytes / 1e9).toFixed(0)} GB of memory` : '';
  return `about ${duration(left)}${memory}`;
}

/** A time that is not known better than this. */
function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds / 5) * 5} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
