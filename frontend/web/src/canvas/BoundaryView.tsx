import { type NodeProps } from '@xyflow/react';
import { memo } from 'react';
import { useStore } from 'zustand';

import { removeBoundarySlot } from '../document/boundary';
import { subgraph } from '../document/graph';
import { edit, workflowOf } from '../document/store';
import { IconButton } from '../ui/Button';
import { useAt, useCanvas } from './context';
import type { BoundaryData } from './flow';
import styles from './node.module.css';
import { Socket } from './Socket';

/** One end of a subgraph: what comes in from around it, or goes out. A link that is dropped on its last row makes a new slot. */
export const BoundaryView = memo(function BoundaryView({ data: { side } }: NodeProps & { data: BoundaryData }) {
  const { document, schema } = useCanvas();
  const at = useAt();
  const slots = useStore(document, (s) => {
    const graph = at === null ? undefined : subgraph(workflowOf(s), at);
    return side === 'in' ? graph?.inputs : graph?.outputs;
  });
  return (
    <section className={`${styles.node} ${styles.boundary}`} aria-label={side === 'in' ? 'inputs of the subgraph' : 'outputs of the subgraph'}>
      {slots?.map((s, i) => (
        <div key={s.id} className={side === 'in' ? styles.output : styles.input}>
          <Socket
            side={side === 'in' ? 'output' : 'input'} type={s.type} label={s.label ?? s.name} tooltip="" slot={i} name={String(i)} linked={(s.linkIds?.length ?? 0) > 0}
          />
          {s.label ?? s.name}
          {at !== null && (
            <IconButton className={`nodrag ${styles.removeSlot}`} icon="close" label={`remove ${s.label ?? s.name}`} onClick={() => edit(document, 'remove a slot', (w) => removeBoundarySlot(w, at, side, i, schema))} />
          )}
        </div>
      ))}
      <div className={side === 'in' ? styles.output : styles.input}>
        <Socket side={side === 'in' ? 'output' : 'input'} type="*" label={`new ${side === 'in' ? 'input' : 'output'}`} tooltip="drop a link here" slot={slots?.length ?? 0} name={String(slots?.length ?? 0)} linked={false} optional />
        <em>new</em>
      </div>
    </section>
  );
});
