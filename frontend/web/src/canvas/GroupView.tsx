import { NodeResizeControl, type NodeProps } from '@xyflow/react';
import { memo, useState } from 'react';
import { useStore } from 'zustand';

import { editGroup } from '../document/group';
import { graphAt } from '../document/graph';
import { edit, workflowOf } from '../document/store';
import { useAt, useCanvas } from './context';
import type { GroupData } from './flow';
import styles from './node.module.css';

/** A frame around nodes: they move with its title. */
export const GroupView = memo(function GroupView({ data: { index } }: NodeProps & { data: GroupData }) {
  const { document } = useCanvas();
  const at = useAt();
  const group = useStore(document, (s) => graphAt(workflowOf(s), at)?.groups[index]);
  const [renaming, setRenaming] = useState(false);
  if (group === undefined) return null;
  return (
    <section className={styles.group} data-group={index} aria-label={`group ${group.title}`} style={{ '--group': group.color ?? '#3f789e' } as React.CSSProperties}>
      {renaming ? (
        <input
          className={`${styles.rename} nodrag`} autoFocus defaultValue={group.title} aria-label="title of the group"
          onKeyDown={(e) => {
            e.stopPropagation();
            if (e.key === 'Enter') e.currentTarget.blur();
          }}
          onBlur={({ target: { value } }) => {
            setRenaming(false);
            if (value !== group.title) edit(document, 'rename the group', (w) => editGroup(w, at, index, (g) => ({ ...g, title: value })));
          }}
        />
      ) : (
        <h4 className={`${styles.groupTitle} group-title`} data-group={index} onDoubleClick={(e) => {
            e.stopPropagation();
            setRenaming(true);
          }}>{group.title}</h4>
      )}
      <NodeResizeControl
        className={styles.resize ?? ''} minWidth={140} minHeight={80} position="bottom-right"
        onResizeEnd={(_, { x, y, width, height }) => edit(document, 'resize the group', (w) => editGroup(w, at, index, (g) => ({ ...g, bounding: [x, y, width, height] })))}
      />
    </section>
  );
});
