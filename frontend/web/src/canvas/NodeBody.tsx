import type { Face } from '../document/face';
import type { GraphNode } from '../document/types';
import type { NodeRun } from '../run/types';
import styles from './node.module.css';
import { Note } from './Note';
import { NodeResults } from './NodeResults';
import { NodeSockets } from './NodeSockets';
import { NodeWidget } from './NodeWidget';
import { Problem } from './Problem';
import { PromotedWidget } from './PromotedWidget';
import { TrialStrip } from './TrialStrip';

/** Everything below the title of a node. */
export function NodeBody({ node, face, run }: { node: GraphNode; face: Face; run: NodeRun }) {
  const general = run.problems.filter((p) => p.input === null || !face.inputs.some((i) => i.name === p.input));
  const ofSockets = run.problems.filter((p) => face.inputs.some((i) => i.name === p.input && i.widget === null));
  if (face.class?.virtual && face.class.outputs.length === 0) return <div className={styles.body}><Note node={node} nodeClass={face.class} /></div>;
  return (
    <div className={styles.body}>
      <NodeSockets face={face} />
      {ofSockets.map((p) => <Problem key={p.input} message={`${p.input}: ${p.message}`} details={p.details} />)}
      {face.class && face.inputs.map((i) => i.widget && (
        <NodeWidget key={i.name} node={node} nodeClass={face.class as NonNullable<Face['class']>} input={i} schema={i.widget} problem={run.problems.find((p) => p.input === i.name) ?? null} />
      ))}
      {face.promoted.map((p) => <PromotedWidget key={p.index} node={node} promoted={p} input={p.source === null ? face.inputs.find((i) => i.name === p.name) : undefined} />)}
      {face.missing && <Problem message={`There is no class ${node.type} here.`} details="Remove or bypass this node, or add what has its class; its values stay in the file." />}
      {general.map((p, i) => <Problem key={i} message={p.message} details={p.details} />)}
      <TrialStrip node={node} />
      <NodeResults node={node} run={run} />
    </div>
  );
}
