import { Dialog } from 'radix-ui';
import { useState, type KeyboardEvent } from 'react';

import { pictureKey, pictureURL, type PictureRef } from '../server/picture';
import { Button, IconButton } from '../ui/Button';
import { Compare } from './Compare';
import styles from './Viewer.module.css';

type ViewerActions = { readonly onLoad: (p: PictureRef) => void; readonly onUse: (p: PictureRef) => void; readonly onCharacter: (p: PictureRef) => void };

type Props = ViewerActions & { readonly picture: PictureRef; readonly all: readonly PictureRef[]; readonly onShow: (p: PictureRef) => void; readonly onClose: () => void };

/** A picture as large as the window: arrows go to the others, a click zooms. */
export function Viewer({ picture, all, onShow, onClose, ...actions }: Props) {
  const [other, setOther] = useState<PictureRef | null>(null);
  const at = all.findIndex((p) => pictureKey(p) === pictureKey(picture));
  const go = (step: number) => {
    const to = all[at + step];
    if (to) onShow(to);
  };
  const keys = (e: KeyboardEvent) => {
    if (e.key === 'ArrowRight') go(1);
    else if (e.key === 'ArrowLeft') go(-1);
    else return;
    e.preventDefault();
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className={styles.overlay} />
        <Dialog.Content className={styles.viewer} onKeyDown={keys} aria-describedby={undefined}>
          <header className={styles.bar}>
            <Dialog.Title className={styles.title}>{picture.filename}</Dialog.Title>
            {all.length > 1 && <Button icon="grid" aria-pressed={other !== null} onClick={() => setOther(other === null ? (all[at + 1] ?? all[at - 1] ?? null) : null)}>Compare</Button>}
            <Button icon="graph" onClick={() => actions.onLoad(picture)}>Load its workflow</Button>
            <Button icon="image" onClick={() => actions.onUse(picture)}>Use as input</Button>
            <Button icon="person" onClick={() => actions.onCharacter(picture)}>Make this my character</Button>
            <a className={styles.download} href={pictureURL(picture)} download={picture.filename}>Download</a>
            <IconButton icon="close" label="close" onClick={onClose} />
          </header>
          {other === null ? <Stage key={pictureKey(picture)} picture={picture} /> : <Compare left={picture} right={other} />}
          {all.length > 1 && (
            <footer className={styles.bar}>
              <IconButton icon="left" label="previous picture" disabled={at <= 0} onClick={() => go(-1)} />
              <span>{at + 1} of {all.length}</span>
              <IconButton icon="right" label="next picture" disabled={at >= all.length - 1} onClick={() => go(1)} />
              {other !== null && (
                <label>
                  beside it{' '}
                  <select value={pictureKey(other)} onChange={(e) => setOther(all.find((p) => pictureKey(p) === e.target.value) ?? null)}>
                    {all.map((p) => <option key={pictureKey(p)} value={pictureKey(p)}>{p.filename}</option>)}
                  </select>
                </label>
              )}
            </footer>
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** The picture, fitted or in its own pixels. */
function Stage({ picture }: { picture: PictureRef }) {
  const [large, setLarge] = useState(false);
  return (
    <div className={styles.stage} data-large={large}>
      <button type="button" aria-pressed={large} aria-label={large ? 'fit the picture' : 'show the picture in its own size'} onClick={() => setLarge(!large)}>
        <img src={pictureURL(picture)} alt={picture.filename} />
      </button>
    </div>
  );
}
