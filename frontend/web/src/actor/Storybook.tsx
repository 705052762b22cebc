import { Dialog } from 'radix-ui';

import type { PictureRef } from '../server/picture';
import { Thumbnail } from '../pictures/Thumbnail';
import { Button, IconButton } from '../ui/Button';
import { readStory, scenesOf, writeStory, type Scene } from './story';
import styles from './Storybook.module.css';

export type StoryView = {
  /** The lines of StorybookScenes, and what they become. */
  readonly text: string;
  readonly character: string;
  readonly onText: (text: string) => void;
  readonly onCharacter: (text: string) => void;
  /** A picture for each scene, as they were made last; the page that has all of them. */
  readonly pictures: readonly PictureRef[];
  readonly page: PictureRef | null;
  readonly busy: boolean;
  readonly onRun: () => void;
  readonly onOpen: (p: PictureRef, all: readonly PictureRef[]) => void;
};

/** A story as cards: a picture with its prompt. An edit is an edit of the workflow. */
export function Storybook({ view, onClose }: { view: StoryView; onClose: () => void }) {
  const lines = readStory(view.text);
  const scenes = scenesOf(lines);
  const change = (line: number, scene: Scene | null) => view.onText(writeStory(scene === null ? lines.toSpliced(line, 1) : lines.with(line, scene)));
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className={styles.overlay} />
        <Dialog.Content className={styles.book} aria-describedby={undefined}>
          <header className={styles.bar}>
            <Dialog.Title className={styles.title}>Storybook</Dialog.Title>
            <label>the character <input value={view.character} onChange={(e) => view.onCharacter(e.target.value)} /></label>
            {view.page && <Button icon="book" onClick={() => view.page && view.onOpen(view.page, [view.page])}>Show the page</Button>}
            <Button icon="play" kind="primary" onClick={view.onRun} disabled={view.busy || scenes.length === 0}>{view.busy ? 'Drawing…' : 'Draw the story'}</Button>
            <IconButton icon="close" label="close the storybook" onClick={onClose} />
          </header>
          <label className={styles.lines}>
            <span>one scene a line</span>
            <textarea value={view.text} onChange={(e) => view.onText(e.target.value)} spellCheck={false} />
          </label>
          <ol className={styles.cards} aria-label="scenes">
            {scenes.map(({ line, scene }, i) => (
              <Card key={line} number={i + 1} scene={scene} picture={view.pictures[i] ?? null} view={view} onChange={(s) => change(line, s)} />
            ))}
            <li><Button icon="plus" onClick={() => view.onText(`${view.text.replace(/\n*$/, '')}\nin a new place`)}>Add a scene</Button></li>
          </ol>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

type CardProps = { readonly number: number; readonly scene: Scene; readonly picture: PictureRef | null; readonly view: StoryView; readonly onChange: (scene: Scene | null) => void };

function Card({ number, scene, picture, view, onChange }: CardProps) {
  return (
    <li className={styles.card}>
      {picture ? (
        <button type="button" className={styles.picture} aria-label={`open scene ${number}`} onClick={() => view.onOpen(picture, view.pictures)}><Thumbnail picture={picture} alt={scene.prompt} /></button>
      ) : (
        <span className={styles.blank}>{view.busy ? 'is drawn…' : 'not drawn yet'}</span>
      )}
      <input aria-label={`prompt of scene ${number}`} value={scene.prompt} onChange={(e) => onChange({ ...scene, prompt: e.target.value })} />
      <input aria-label={`caption of scene ${number}`} placeholder="caption" value={scene.caption ?? ''} onChange={(e) => onChange({ ...scene, caption: e.target.value })} />
      <div className={styles.tools}>
        <IconButton icon="dice" label={`another picture for scene ${number}`} onClick={() => {
          onChange({ ...scene, seed: BigInt(Math.floor(Math.random() * 2 ** 48)) });
          view.onRun();
        }} />
        <IconButton icon="trash" label={`take out scene ${number}`} onClick={() => onChange(null)} />
      </div>
    </li>
  );
}
