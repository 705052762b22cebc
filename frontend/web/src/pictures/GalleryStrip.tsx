import { useState } from 'react';

import { pictureKey, pictureURL, type PictureRef } from '../server/picture';
import { SearchField } from '../ui/SearchField';
import styles from './GalleryStrip.module.css';
import { Thumbnail } from './Thumbnail';

/** What a dragged picture is called while it is dragged. */
export const pictureType = 'application/x-oneactor-picture';

/** Pictures that are drawn; the viewer has all. */
const shown = 60;

/** From how many pictures on a filter is worth its place. */
const many = 8;

type Props = { readonly pictures: readonly PictureRef[]; readonly onOpen: (p: PictureRef, all: readonly PictureRef[]) => void };

/** The results, newest first: click opens one, drag puts it onto the canvas. The viewer goes through those that the filter leaves. */
export function GalleryStrip({ pictures, onOpen }: Props) {
  const [filter, setFilter] = useState('');
  if (pictures.length === 0) return <p className={styles.empty}>No pictures yet: press Run.</p>;
  const words = filter.toLowerCase().split(/\s+/);
  const left = pictures.filter((p) => words.every((w) => `${p.subfolder}/${p.filename}`.toLowerCase().includes(w)));
  return (
    <div className={styles.gallery}>
      {pictures.length > many && <SearchField label="Filter pictures" value={filter} onChange={setFilter} />}
      {left.length === 0 && <p className={styles.empty}>None of {pictures.length} pictures has that in its name.</p>}
      <ul className={styles.strip} aria-label="results, newest first">
        {left.slice(0, shown).map((p) => (
          <li key={pictureKey(p)}>
            <button
              type="button" draggable aria-label={`open ${p.filename}`} title={p.filename} onClick={() => onOpen(p, left)}
              onDragStart={(e) => {
                e.dataTransfer.setData(pictureType, JSON.stringify(p));
                e.dataTransfer.setData('text/uri-list', new URL(pictureURL(p), document.baseURI).href);
              }}
            >
              <Thumbnail picture={p} />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
