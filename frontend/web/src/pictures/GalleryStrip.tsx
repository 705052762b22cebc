import { pictureKey, pictureURL, type PictureRef } from '../server/picture';
import styles from './GalleryStrip.module.css';
import { Thumbnail } from './Thumbnail';

/** What a dragged picture is called while it is dragged. */
export const pictureType = 'application/x-oneactor-picture';

/** Pictures that are drawn; the viewer has all. */
const shown = 60;

type Props = { readonly pictures: readonly PictureRef[]; readonly onOpen: (p: PictureRef, all: readonly PictureRef[]) => void };

/** The results, newest first: click opens one, drag puts it onto the canvas. */
export function GalleryStrip({ pictures, onOpen }: Props) {
  if (pictures.length === 0) return <p className={styles.empty}>No pictures yet: press Run.</p>;
  return (
    <ul className={styles.strip} aria-label="results, newest first">
      {pictures.slice(0, shown).map((p) => (
        <li key={pictureKey(p)}>
          <button
            type="button" draggable aria-label={`open ${p.filename}`} title={p.filename} onClick={() => onOpen(p, pictures)}
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
  );
}
