import { go } from 'fuzzysort';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';

import { useStore } from 'zustand';

import { cast } from '../actor/cast';
import styles from '../canvas/Palette.module.css';
import { notifyError } from '../ui/toasts';
import { addActor } from './addActor';
import type { Command } from './commands';
import { listWorkflows, openSaved } from './files';
import { placeNode } from './placeNode';
import type { Page } from './start';
import { activeTab } from './workspace';

type Entry = { readonly title: string; readonly kind: string; readonly keys: string; readonly run: () => void };

/** Everything by name: commands, nodes, workflows, actors. */
export function CommandPalette({ page, commands, onClose }: { page: Page; commands: readonly Command[]; onClose: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const entries = useEntries(page, commands);
  const found = useMemo(() => (text.trim() === '' ? entries.filter((e) => e.kind === 'command') : go(text, entries, { key: 'title', limit: 50, threshold: 0.2 }).map((r) => r.obj)), [entries, text]);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [at, found]);
  const choose = (e: Entry | undefined) => {
    onClose();
    e?.run();
  };
  const keys = (e: KeyboardEvent) => {
    e.stopPropagation();
    if (e.key === 'Escape') onClose();
    else if (e.key === 'Enter') choose(found[at]);
    else if (e.key === 'ArrowDown') setAt(Math.min(at + 1, found.length - 1));
    else if (e.key === 'ArrowUp') setAt(Math.max(at - 1, 0));
    else return;
    e.preventDefault();
  };
  return (
    <div className={styles.backdrop} onPointerDown={(e) => e.target === e.currentTarget && onClose()}>
      <div className={styles.palette} role="dialog" aria-label="search everything" style={{ left: 'calc(50vw - 190px)', top: 64 }}>
        <input
          className={styles.text} autoFocus role="combobox" aria-label="search everything" aria-expanded aria-controls="found-entries" placeholder="commands, nodes, workflows, actors…" value={text}
          onKeyDown={keys} onChange={(e) => {
            setText(e.target.value);
            setAt(0);
          }}
        />
        <div ref={list} id="found-entries" role="listbox" aria-label="results" className={styles.found}>
          {found.map((e, i) => (
            <div key={`${e.kind} ${e.title} ${e.keys}`} role="option" aria-selected={i === at} className={styles.row} onPointerMove={() => setAt(i)} onClick={() => choose(e)}>
              <b>{e.title}</b>
              <small>{e.keys || e.kind}</small>
            </div>
          ))}
          {found.length === 0 && <p>Nothing has such a name.</p>}
        </div>
      </div>
    </div>
  );
}

function useEntries(page: Page, commands: readonly Command[]): Entry[] {
  const [saved, setSaved] = useState<readonly string[]>([]);
  useEffect(() => void listWorkflows().then(setSaved, notifyError), []);
  const actors = useStore(cast, (s) => s.actors);
  return useMemo(() => {
    const { schema } = page.engine;
    const onTab = (run: (tab: NonNullable<ReturnType<typeof activeTab>>) => void) => () => {
      const tab = activeTab(page.workspace.getState());
      if (tab) run(tab);
    };
    return [
      ...commands.filter((c) => c.id !== 'search' && !c.id.endsWith('-y') && !c.id.endsWith('-period')).map((c) => ({ title: c.title, kind: 'command', keys: c.keys, run: c.run })),
      ...actors.map((a) => ({ title: a.name.replace(/\.safetensors$/, ''), kind: 'actor', keys: '', run: onTab((t) => addActor(t, schema, a.name)) })),
      ...saved.map((name) => ({ title: name.replace(/\.json$/, ''), kind: 'workflow', keys: '', run: () => void openSaved(page.workspace, name).catch(notifyError) })),
      ...[...schema.values()].map((c) => ({ title: c.title, kind: 'node', keys: '', run: onTab((t) => placeNode(t, schema, c)) })),
    ];
  }, [page, commands, actors, saved]);
}
