import { useStore } from 'zustand';

import { subgraph } from '../document/graph';
import { workflowOf } from '../document/store';
import { useCanvas } from './context';
import styles from './Path.module.css';

/** The way into the subgraph that is shown; nothing at the top. */
export function Path() {
  const { document, view } = useCanvas();
  const path = useStore(view, (s) => s.path);
  const workflow = useStore(document, workflowOf);
  if (path.length === 0) return null;
  const leave = (depth: number) => view.setState({ path: path.slice(0, depth), selection: [] });
  return (
    <nav className={styles.path} aria-label="the way into this subgraph">
      <button type="button" onClick={() => leave(0)}>workflow</button>
      {path.map((p, i) => <button key={p.node} type="button" aria-current={i === path.length - 1 ? 'page' : undefined} onClick={() => leave(i + 1)}>› {subgraph(workflow, p.graph)?.name ?? 'subgraph'}</button>)}
    </nav>
  );
}
