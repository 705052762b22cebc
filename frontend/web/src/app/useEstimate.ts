import { useEffect, useState } from 'react';
import { useStore } from 'zustand';

import { staleNodes } from '../document/stale';
import { workflowOf } from '../document/store';
import { write } from '../document/write';
import type { Estimate } from '../server/gen_wire';
import { request } from '../server/request';
import { estimateText } from './estimate';
import type { Tab } from './workspace';

/** How long after a change the server is asked, in milliseconds. */
const pause = 800;

/** What a run of a workflow is going to take, in words; null where it is short, or nothing is known. */
export function useEstimate({ document, run, view }: Tab, times: number): string | null {
  const workflow = useStore(document, workflowOf);
  const nodes = useStore(run, (s) => s.nodes);
  const ran = useStore(view, (s) => s.ran);
  const [estimate, setEstimate] = useState<Estimate | null>(null);
  useEffect(() => {
    const asked = new AbortController();
    const timer = setTimeout(() => {
      request<Estimate>('/oneactor/estimate', { json: { workflow: write(workflow) }, signal: asked.signal }).then(setEstimate, () => {
        if (!asked.signal.aborted) setEstimate(null); // a server that is gone is told of elsewhere
      });
    }, pause);
    return () => {
      clearTimeout(timer);
      asked.abort();
    };
  }, [workflow]);
  return estimate && estimateText(estimate, nodes, staleNodes(ran, workflow, null), times);
}
