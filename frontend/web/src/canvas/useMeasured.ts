import { useUpdateNodeInternals } from '@xyflow/react';
import { useEffect, useRef } from 'react';

import type { Id } from '../document/types';

/** Nodes to be measured; those of one commit are measured at once, for every measuring asks all nodes and links of the canvas. */
const waiting = new Set<string>();

/** Has React Flow find the sockets of a node again when what is drawn has changed. It measures new nodes by itself. */
export function useMeasured(id: Id, drawn: string): void {
  const measure = useUpdateNodeInternals();
  const before = useRef(drawn);
  useEffect(() => {
    if (before.current === drawn) return;
    before.current = drawn;
    waiting.add(String(id));
    if (waiting.size > 1) return;
    queueMicrotask(() => {
      const ids = [...waiting];
      waiting.clear();
      measure(ids);
    });
  }, [measure, id, drawn]);
}
