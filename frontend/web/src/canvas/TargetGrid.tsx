import { useRef, type KeyboardEvent } from 'react';

import { editNodes } from '../document/edit';
import { edit } from '../document/store';
import type { GraphNode } from '../document/types';
import { valueOf, withValue } from '../document/values';
import { pictureKey, pictureURL, type PictureRef } from '../server/picture';
import { Icon } from '../ui/Icon';
import { useAt, useCanvas } from './context';
import styles from './node.module.css';

/** The base set of an actor: a click chooses the picture whose character is kept. */
export function TargetGrid({ node, pictures }: { node: GraphNode; pictures: readonly PictureRef[] }) {
  const { document, schema } = useCanvas();
  const at = useAt();
  const list = useRef<HTMLDivElement>(null);
  const c = schema.get(node.type);
  if (c === undefined) return null;
  const chosen = Number(valueOf(node, c, 'index'));
  const choose = (index: number) => edit(document, 'choose the target', (w) => editNodes(w, at, [node.id], (n) => withValue(n, c, 'index', index)));
  const columns = Math.ceil(Math.sqrt(pictures.length));
  const keys = (e: KeyboardEvent, i: number) => {
    const to = { ArrowRight: i + 1, ArrowLeft: i - 1, ArrowDown: i + columns, ArrowUp: i - columns }[e.key];
    if (to === undefined || to < 0 || to >= pictures.length) return;
    e.preventDefault();
    e.stopPropagation();
    choose(to);
    list.current?.querySelectorAll<HTMLElement>('[role=radio]')[to]?.focus();
  };
  return (
    <>
      <p className={styles.hint}>Click the one you like: its character is kept.</p>
      <div ref={list} role="radiogroup" aria-label="the picture whose character is kept" className={styles.pictures} style={{ '--columns': columns } as React.CSSProperties}>
        {pictures.map((p, i) => (
          <button
            key={pictureKey(p)} type="button" role="radio" aria-checked={i === chosen} aria-label={`picture ${i}`} tabIndex={i === chosen ? 0 : -1} className={`${styles.target} nodrag`}
            onClick={() => choose(i)} onKeyDown={(e) => keys(e, i)}
          >
            <img src={pictureURL(p, true)} alt="" draggable={false} />
            <span className={styles.number}>{i === chosen && <Icon name="check" size={12} />}{i}</span>
          </button>
        ))}
      </div>
    </>
  );
}
