import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { useStore } from 'zustand';

import { searchNodes } from '../schema/search';
import { socketColour } from '../schema/socket';
import type { NodeClass } from '../schema/types';
import { addNode, usesOfNodes } from './addNode';
import { useCanvas } from './context';
import styles from './Palette.module.css';
import type { PaletteState } from './view';

/** Rows that are drawn; typing narrows the list. */
const shown = 60;

/** The search for nodes at the pointer. After a link was dropped it has the nodes that take it. */
export function Palette() {
  const palette = useStore(useCanvas().view, (s) => s.palette);
  return palette === null ? null : <Search key={palette.screen.join()} palette={palette} />;
}

function Search({ palette }: { palette: PaletteState }) {
  const { schema, view, document } = useCanvas();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const found = useMemo(() => searchNodes(schema, text, palette.end, usesOfNodes()).slice(0, shown), [schema, text, palette.end]);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [at, found]);
  const close = () => view.setState({ palette: null });
  const choose = (c: NodeClass | undefined) => {
    if (c === undefined) return;
    close();
    addNode({ document, view, schema }, c, palette.place, palette.end);
  };
  const keys = (e: KeyboardEvent) => {
    e.stopPropagation();
    if (e.key === 'Escape') close();
    else if (e.key === 'Enter') choose(found[at]);
    else if (e.key === 'ArrowDown' || (e.key === 'Tab' && !e.shiftKey)) setAt(Math.min(at + 1, found.length - 1));
    else if (e.key === 'ArrowUp' || e.key === 'Tab') setAt(Math.max(at - 1, 0));
    else return;
    e.preventDefault();
  };
  const [x, y] = palette.screen;
  return (
    <div className={styles.backdrop} onPointerDown={(e) => e.target === e.currentTarget && close()}>
      <div className={styles.palette} role="dialog" aria-label="add a node" style={{ left: `min(${x}px, 100vw - 400px)`, top: `min(${y}px, 100vh - 400px)` }}>
        <input
          className={styles.text} autoFocus role="combobox" aria-label="search nodes" aria-expanded aria-controls="found-nodes" value={text} onKeyDown={keys}
          placeholder={palette.end === null ? 'search nodes…' : `nodes that ${palette.end.side === 'output' ? 'take' : 'give'} ${palette.end.type}`}
          onChange={(e) => {
            setText(e.target.value);
            setAt(0);
          }}
        />
        <div ref={list} id="found-nodes" role="listbox" aria-label="nodes" className={styles.found}>
          {found.map((c, i) => (
            <div key={c.name} role="option" aria-selected={i === at} className={styles.row} onPointerMove={() => setAt(i)} onClick={() => choose(c)} title={c.description}>
              <span className={styles.dots}>{[...new Set(c.outputs.map((o) => o.type))].map((t) => <i key={t} style={{ background: socketColour(t) }} />)}</span>
              <b>{c.title}</b>
              <small>{c.category}</small>
            </div>
          ))}
          {found.length === 0 && <p>Nothing fits. Try fewer letters.</p>}
        </div>
        {found[at]?.description && <p className={styles.description}>{found[at].description}</p>}
      </div>
    </div>
  );
}
