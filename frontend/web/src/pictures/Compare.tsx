import { useState } from 'react';

import { pictureURL, type PictureRef } from '../server/picture';
import styles from './Compare.module.css';

/** Two pictures on top of each other with a line between them, which is dragged or moved by the arrow keys. */
export function Compare({ left, right }: { left: PictureRef; right: PictureRef }) {
  const [at, setAt] = useState(50);
  return (
    <div className={styles.compare} style={{ '--at': `${at}%` } as React.CSSProperties}>
      <img src={pictureURL(right)} alt={right.filename} />
      <img className={styles.left} src={pictureURL(left)} alt={left.filename} />
      <span className={styles.line} aria-hidden />
      <input
        type="range" min={0} max={100} step={1} value={at} aria-label={`how much of ${left.filename} is seen`} onChange={(e) => setAt(e.target.valueAsNumber)}
        onKeyDown={(e) => e.stopPropagation()}
      />
      <b className={styles.leftName}>{left.filename}</b>
      <b className={styles.rightName}>{right.filename}</b>
    </div>
  );
}
