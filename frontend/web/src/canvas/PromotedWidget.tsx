import type { InputFace } from '../document/face';
import { setPromoted, type Promoted } from '../document/promoted';
import { edit, settleEdit } from '../document/store';
import type { GraphNode } from '../document/types';
import { ValueWidget } from '../widgets/widgets';
import { useAt, useCanvas } from './context';
import styles from './node.module.css';
import { Socket } from './Socket';

type Props = { readonly node: GraphNode; readonly promoted: Promoted; readonly input: InputFace | undefined };

/** A widget of a node inside a subgraph, on the node that stands for it; input is the slot that takes a link instead, where it has one. */
export function PromotedWidget({ node, promoted, input }: Props) {
  const { document, schema } = useCanvas();
  const at = useAt();
  const linked = input?.linked === true;
  return (
    <div className={styles.widget} data-linked={linked} data-tall={promoted.schema.options.multiline === true || promoted.schema.upload}>
      {input && <Socket side="input" type={input.type} label={input.label} tooltip={promoted.schema.tooltip} slot={input.slot} name={input.name} linked={linked} optional quiet />}
      {linked ? (
        <span className={styles.linkedName}>{promoted.label}</span>
      ) : (
        <ValueWidget
          schema={{ ...promoted.schema, name: promoted.label }} value={promoted.value} onSettle={() => settleEdit(document)}
          onChange={(v) => edit(document, `set ${promoted.label}`, (w) => setPromoted(w, at, node.id, schema, promoted, v), `${node.id} ${promoted.label} ${promoted.index}`)}
        />
      )}
    </div>
  );
}
