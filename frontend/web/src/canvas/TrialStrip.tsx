import { useStore } from 'zustand';

import type { GraphNode } from '../document/types';
import { isSteering } from './trials';
import { Thumbnail } from '../pictures/Thumbnail';
import { useCanvas } from './context';
import styles from './node.module.css';

/** On a node that steers a character: the picture before the last change of its numbers and the one after, and whether changes are tried at once. */
export function TrialStrip({ node }: { node: GraphNode }) {
  const { view, schema, showPicture } = useCanvas();
  const trials = useStore(view, (s) => s.trials.get(node.id));
  const live = useStore(view, (s) => s.live);
  if (!isSteering(schema.get(node.type))) return null;
  const shown = [...(trials ?? [])].reverse();
  const all = shown.map((t) => t.picture);
  return (
    <div className={styles.trials}>
      {shown.length > 0 && (
        <ul aria-label="before and after">
          {shown.map((t, i) => (
            <li key={`${t.values} ${t.picture.filename}`}>
              <button type="button" className="nodrag" aria-label={`open the picture of ${t.values}`} onClick={() => showPicture(t.picture, all)}><Thumbnail picture={t.picture} /></button>
              <small>{shown.length > 1 && (i === 0 ? 'before: ' : 'now: ')}{t.values.split(',')[0]}</small>
            </li>
          ))}
        </ul>
      )}
      <label className="nodrag">
        <input type="checkbox" checked={live} onChange={(e) => view.setState({ live: e.target.checked })} /> run while I change this
      </label>
    </div>
  );
}
