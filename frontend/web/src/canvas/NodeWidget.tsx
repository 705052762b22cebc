import { editNodes } from '../document/edit';
import type { InputFace } from '../document/face';
import { edit, settleEdit } from '../document/store';
import type { GraphNode } from '../document/types';
import { controlOf, controls, valueOf, withControl, withValue } from '../document/values';
import type { NodeProblem } from '../run/types';
import type { InputSchema, NodeClass } from '../schema/types';
import { ControlButton } from '../widgets/ControlButton';
import { ValueWidget } from '../widgets/widgets';
import { useAt, useCanvas } from './context';
import styles from './node.module.css';
import { Problem } from './Problem';
import { Socket } from './Socket';

type Props = { readonly node: GraphNode; readonly nodeClass: NodeClass; readonly input: InputFace; readonly schema: InputSchema; readonly problem: NodeProblem | null };

/** One value of a node, with a socket that takes a link instead of it. */
export function NodeWidget({ node, nodeClass, input, schema, problem }: Props) {
  const { document } = useCanvas();
  const at = useAt();
  const change = (label: string, to: (n: GraphNode) => GraphNode, merge: string | null = null) => edit(document, label, (w) => editNodes(w, at, [node.id], to), merge);
  return (
    <div className={styles.widget} data-linked={input.linked} data-tall={schema.options.multiline === true || schema.upload}>
      <Socket side="input" type={input.type} label={input.label} tooltip={input.tooltip} slot={input.slot} name={input.name} linked={input.linked} optional quiet />
      {input.linked ? (
        <span className={styles.linkedName}>{input.label}</span>
      ) : (
        <ValueWidget
          schema={input.label === schema.name ? schema : { ...schema, name: input.label }} value={valueOf(node, nodeClass, schema.name)} onSettle={() => settleEdit(document)}
          onChange={(v) => change(`set ${schema.name}`, (n) => withValue(n, nodeClass, schema.name, v), `${node.id} ${schema.name}`)}
        />
      )}
      {schema.control && !input.linked && (
        <ControlButton
          name={schema.name} value={controlOf(node, nodeClass, schema.name)} choices={controls}
          onChange={(c) => change('what becomes of a seed', (n) => withControl(n, nodeClass, schema.name, c))}
        />
      )}
      {problem && <Problem message={problem.message} details={problem.details} />}
    </div>
  );
}
