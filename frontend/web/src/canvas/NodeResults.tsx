import type { GraphNode } from '../document/types';
import type { NodeRun } from '../run/types';
import { pictureKey, pictureURL } from '../server/picture';
import { useCanvas } from './context';
import styles from './node.module.css';
import { TargetGrid } from './TargetGrid';

/** What a node is making or has made: a preview while it runs, then its pictures and texts. */
export function NodeResults({ node, run }: { node: GraphNode; run: NodeRun }) {
  const { showPicture } = useCanvas();
  const pictures = run.output?.pictures ?? [];
  if (run.state === 'running' && run.preview !== null) return <img className={styles.preview} src={run.preview} alt={`preview of ${node.type}`} draggable={false} />;
  if (node.type === 'SelectTarget' && pictures.length > 0) return <TargetGrid node={node} pictures={pictures} />;
  return (
    <>
      {run.state === 'running' && run.text !== null && <p className={styles.text}>{run.text}</p>}
      {run.output?.texts.map((t, i) => <p key={i} className={styles.text}>{t}</p>)}
      {pictures.length > 0 && (
        <div className={styles.pictures} data-many={pictures.length > 1} style={{ '--columns': Math.ceil(Math.sqrt(pictures.length)) } as React.CSSProperties}>
          {pictures.map((p) => (
            <button key={pictureKey(p)} type="button" className="nodrag" aria-label={`open ${p.filename}`} onClick={() => showPicture(p, pictures)}>
              <img src={pictureURL(p, true)} alt={p.filename} draggable={false} loading="lazy" />
            </button>
          ))}
        </div>
      )}
    </>
  );
}
