import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';

import type { Actor } from '../server/gen_wire';
import { askText } from '../ui/ask';
import { Button } from '../ui/Button';
import { ContextMenu, separator } from '../ui/Menu';
import { SearchField } from '../ui/SearchField';
import { notify, notifyError } from '../ui/toasts';
import { cast, importActor, refreshCast, renameActor, restoreActor, thumbnailURL, trashActor } from './cast';
import styles from './CastPanel.module.css';

/** What a dragged actor is called while it is dragged. */
export const actorType = 'application/x-oneactor-actor';

/** The saved actors: drag one onto the canvas, or press it, and it plays in the workflow. */
export function CastPanel({ onUse }: { onUse: (name: string) => void }) {
  const { actors, problems, loaded } = useStore(cast);
  const [text, setText] = useState('');
  const file = useRef<HTMLInputElement>(null);
  useEffect(() => void refreshCast().catch(notifyError), []);
  const found = actors.filter((a) => `${a.name} ${a.word} ${a.prompt}`.toLowerCase().includes(text.toLowerCase()));
  return (
    <div
      onDragOver={(e) => e.preventDefault()} onDrop={(e) => {
        const dropped = e.dataTransfer.files[0];
        if (!dropped) return;
        e.preventDefault();
        void importActor(dropped).catch(notifyError);
      }}
    >
      {actors.length > 8 && <SearchField label="search actors" value={text} onChange={setText} />}
      <ul className={styles.cast} aria-label="actors">{found.map((a) => <ActorCard key={a.name} actor={a} onUse={() => onUse(a.name)} />)}</ul>
      {loaded && actors.length === 0 && <p className={styles.empty}>No actors yet: run a base set and save the one you like.</p>}
      {problems.map((p) => <p key={p.name} className={styles.problem} title={p.path}>{p.name}: {p.problem}</p>)}
      <Button icon="upload" onClick={() => file.current?.click()}>Take in a file</Button>
      <input ref={file} type="file" accept=".safetensors" hidden onChange={({ target }) => target.files?.[0] && void importActor(target.files[0]).catch(notifyError)} />
    </div>
  );
}

function ActorCard({ actor, onUse }: { actor: Actor; onUse: () => void }) {
  const name = actor.name.replace(/\.safetensors$/, '');
  const rename = async () => {
    const to = await askText(`Rename ${name}`, name);
    if (to !== null && to.trim() !== name) await renameActor(actor.name, to.trim());
  };
  const trash = async () => {
    await trashActor(actor.name);
    notify({ text: `${name} is in the trash.`, action: { label: 'Undo', run: () => void restoreActor(actor.name).catch(notifyError) } });
  };
  const items = [
    { label: 'Put into the workflow', keys: 'Enter', run: onUse },
    separator,
    { label: 'Rename', run: () => void rename().catch(notifyError) },
    { label: 'Delete', danger: true, run: () => void trash().catch(notifyError) },
  ];
  return (
    <li>
      <ContextMenu items={items}>
        <button
          type="button" className={styles.actor} draggable onClick={onUse} onDragStart={(e) => e.dataTransfer.setData(actorType, actor.name)}
          title={`${actor.word}, ${actor.family}. Drag it onto the canvas, or press it.`}
        >
          {actor.thumbnail ? <img src={thumbnailURL(actor)} alt="" draggable={false} loading="lazy" /> : <span className={styles.blank} />}
          <span>{name}<small>{actor.word}</small></span>
        </button>
      </ContextMenu>
    </li>
  );
}
