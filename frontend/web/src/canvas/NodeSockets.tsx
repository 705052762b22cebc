import type { Face, InputFace, OutputFace } from '../document/face';
import styles from './node.module.css';
import { Socket } from './Socket';

/** The sockets of a node, inputs left and outputs right. bare leaves out their names: the node is folded or far away. */
export function NodeSockets({ face, bare = false }: { face: Face; bare?: boolean }) {
  const inputs = bare ? face.inputs.filter((i) => i.widget === null || i.linked) : face.inputs.filter((i) => i.widget === null);
  return (
    <div className={bare ? styles.bareSockets : styles.sockets}>
      <ul>{inputs.map((i) => <Input key={i.name} input={i} bare={bare} />)}</ul>
      <ul>{face.outputs.map((o) => <Output key={o.slot} output={o} bare={bare} />)}</ul>
    </div>
  );
}

function Input({ input: i, bare }: { input: InputFace; bare: boolean }) {
  return (
    <li className={styles.input} data-optional={i.optional}>
      <Socket side="input" type={i.type} label={i.label} tooltip={i.tooltip} slot={i.slot} name={i.name} linked={i.linked} optional={i.optional} />
      {!bare && i.label}
    </li>
  );
}

function Output({ output: o, bare }: { output: OutputFace; bare: boolean }) {
  return (
    <li className={styles.output}>
      {!bare && o.label}
      <Socket side="output" type={o.type} label={o.label} tooltip={o.tooltip} slot={o.slot} name={o.name} linked={o.linked} />
    </li>
  );
}
