import { lazy, Suspense, useState } from 'react';

import { editNodes } from '../document/edit';
import { edit, settleEdit } from '../document/store';
import type { GraphNode } from '../document/types';
import { valueOf, withValue } from '../document/values';
import type { NodeClass } from '../schema/types';
import { ValueWidget } from '../widgets/widgets';
import { useAt, useCanvas } from './context';
import styles from './node.module.css';

const Markdown = lazy(() => import('react-markdown'));

/** A text on the canvas. Markdown is shown as it reads; a double click edits it. */
export function Note({ node, nodeClass: c }: { node: GraphNode; nodeClass: NodeClass }) {
  const { document } = useCanvas();
  const at = useAt();
  const [editing, setEditing] = useState(false);
  const schema = c.inputs[0];
  const value = valueOf(node, c, 'text');
  const text = typeof value === 'string' ? value : '';
  if (schema === undefined) return null;
  if (node.type === 'MarkdownNote' && !editing && text !== '') {
    return (
      <div className={`${styles.note} nowheel`} onDoubleClick={(e) => {
        e.stopPropagation();
        setEditing(true);
      }}>
        <Suspense fallback={<p>{text}</p>}><Markdown>{text}</Markdown></Suspense>
      </div>
    );
  }
  const settle = () => {
    settleEdit(document);
    setEditing(false);
  };
  return (
    <ValueWidget schema={schema} value={value} onSettle={settle} onChange={(v) => edit(document, 'write', (w) => editNodes(w, at, [node.id], (n) => withValue(n, c, 'text', v)), `${node.id} text`)} />
  );
}
