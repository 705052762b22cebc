import { NodeResizeControl, useStore as useFlow, type NodeProps } from '@xyflow/react';
import { memo } from 'react';

import { editNodes } from '../document/edit';
import { edit } from '../document/store';
import { Mode, type GraphNode } from '../document/types';
import { useAt, useCanvas, useFace, useNode, useNodeRun, useStale } from './context';
import { titleHeight, type NodeData } from './flow';
import { coloursOf } from './colours';
import styles from './node.module.css';
import { NodeBody } from './NodeBody';
import { NodeHeader } from './NodeHeader';
import { NodeResults } from './NodeResults';
import { NodeSockets } from './NodeSockets';
import { useMeasured } from './useMeasured';

/** Below this zoom nodes are too small to read: only their frames, sockets and pictures are drawn. */
export const readable = 0.32;

/** A node as React Flow draws it. */
export const NodeView = memo(function NodeView({ data, selected }: NodeProps & { data: NodeData }) {
  const node = useNode(data.id);
  return node === undefined ? null : <Frame node={node} selected={selected} />;
});

function Frame({ node, selected }: { node: GraphNode; selected: boolean }) {
  const face = useFace(node);
  const run = useNodeRun(node.id, face.subgraph);
  const stale = useStale(node.id);
  const far = useFlow((s) => s.transform[2] < readable);
  const collapsed = node.flags.collapsed === true;
  useMeasured(node.id, `${face.inputs.map((i) => i.name).join()} ${collapsed} ${far}`);
  const mode = node.mode === Mode.muted ? 'muted' : node.mode === Mode.bypassed ? 'bypassed' : 'on';
  const colours = coloursOf(node) as React.CSSProperties;
  const reroute = node.type === 'Reroute';
  return (
    <article
      className={styles.node} data-selected={selected} data-mode={mode} data-state={run.state ?? 'idle'} data-stale={stale} data-missing={face.missing} data-far={far} data-category={face.class?.category.split('/')[0]}
      data-node={String(node.id)} aria-label={`${face.title}, node ${node.id}`} style={{ ...colours, ...(collapsed || reroute ? {} : { minHeight: node.size[1] + titleHeight }) }}
    >
      {!reroute && <NodeHeader node={node} face={face} run={run} stale={stale} />}
      {collapsed || far ? <NodeSockets face={face} bare /> : <NodeBody node={node} face={face} run={run} />}
      {far && !collapsed && <NodeResults node={node} run={run} />}
      {!collapsed && !reroute && <Resizer node={node} />}
    </article>
  );
}

function Resizer({ node }: { node: GraphNode }) {
  const { document } = useCanvas();
  const at = useAt();
  return (
    <NodeResizeControl
      className={styles.resize ?? ''} minWidth={140} minHeight={titleHeight + 20} position="bottom-right"
      onResizeEnd={(_, { width, height }) =>
        edit(document, 'resize', (w) => editNodes(w, at, [node.id], (n) => ({ ...n, size: [Math.round(width), Math.round(height) - titleHeight] })))
      }
    />
  );
}
