import { useState } from 'react';

import { editNodes } from '../document/edit';
import type { Face } from '../document/face';
import { edit } from '../document/store';
import type { GraphNode } from '../document/types';
import type { NodeRun } from '../run/types';
import { IconButton } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { useAt, useCanvas } from './context';
import styles from './node.module.css';
import { NodeBadge } from './NodeBadge';

type Props = { readonly node: GraphNode; readonly face: Face; readonly run: NodeRun; readonly stale: boolean };

/** Title and state. A double click renames, or enters a subgraph. */
export function NodeHeader({ node, face, run, stale }: Props) {
  const { document, view, saveActor } = useCanvas();
  const finished = run.state === 'done' || run.state === 'kept';
  const at = useAt();
  const [renaming, setRenaming] = useState(false);
  const change = (label: string, to: (n: GraphNode) => GraphNode) => edit(document, label, (w) => editNodes(w, at, [node.id], to));
  const enter = () => view.setState((s) => ({ path: [...s.path, { graph: node.type, node: node.id }], selection: [] }));
  return (
    <header className={styles.header} onDoubleClick={(e) => {
        e.stopPropagation();
        if (face.subgraph) enter();
        else setRenaming(true);
      }} title={face.class?.description}>
      <button
        type="button" className={`${styles.fold} nodrag`} aria-expanded={node.flags.collapsed !== true} aria-label={`fold ${face.title}`}
        onClick={() => change('fold', (n) => ({ ...n, flags: { ...n.flags, collapsed: n.flags.collapsed !== true } }))}
      >
        <Icon name={node.flags.collapsed ? 'right' : 'down'} size={12} />
      </button>
      {renaming ? (
        <input
          className={`${styles.rename} nodrag`} autoFocus defaultValue={face.title} aria-label="title" onFocus={(e) => e.target.select()}
          onKeyDown={(e) => {
            e.stopPropagation();
            if (e.key === 'Enter' || e.key === 'Escape') e.currentTarget.blur();
          }}
          onBlur={({ target: { value } }) => {
            setRenaming(false);
            if (value.trim() !== '' && value !== face.title) change('rename', (n) => ({ ...n, title: value.trim() }));
          }}
        />
      ) : (
        <h3 className={styles.title}>{face.title}</h3>
      )}
      {node.flags.pinned && <Icon name="lock" size={12} />}
      {face.subgraph && <IconButton className="nodrag" icon="right" label={`open ${face.title}`} onClick={enter} />}
      {finished && face.outputs.some((o) => o.type === 'ACTOR') && node.type !== 'LoadActor' && (
        <IconButton className="nodrag" icon="person" label="save to cast" onClick={() => saveActor(node.id)} />
      )}
      <NodeBadge run={run} stale={stale} mode={node.mode} />
    </header>
  );
}
