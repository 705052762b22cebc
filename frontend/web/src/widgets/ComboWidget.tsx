import { Popover } from 'radix-ui';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';

import { go } from 'fuzzysort';

import { stringify } from '../json/text';
import type { Json } from '../json/value';
import type { InputSchema } from '../schema/types';
import { Icon } from '../ui/Icon';
import { previewOf } from './preview';
import type { WidgetProps } from './types';
import styles from './widgets.module.css';

/** Rows that are drawn; typing narrows longer lists. */
const shown = 200;

/** One of several: a list that filters as one types. */
export function ComboWidget({ schema, value, onChange, onSettle }: WidgetProps) {
  const [open, setOpen] = useState(false);
  // A picture may lie in any folder; the list has those of one.
  const missing = schema.choices.length > 0 && !schema.upload && !schema.choices.includes(value);
  const choose = (choice: Json) => {
    onChange(choice);
    onSettle();
    setOpen(false);
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <button
          type="button" className={`${styles.bar} nodrag`} data-missing={missing} aria-haspopup="listbox"
          title={missing ? `${textOf(value)} is not here; choose another one` : schema.tooltip}
        >
          <span className={styles.label}>{schema.name}</span>{' '}
          <span className={styles.value}>{textOf(value)}</span>
          <Icon name="down" size={12} />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className={styles.list} align="start" sideOffset={2} collisionPadding={8} onOpenAutoFocus={(e) => e.preventDefault()}>
          <Choices schema={schema} value={value} onChoose={choose} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

type ChoicesProps = { readonly schema: InputSchema; readonly value: Json; readonly onChoose: (choice: Json) => void };

function Choices({ schema, value, onChoose }: ChoicesProps) {
  const { name: label, choices } = schema;
  const [text, setText] = useState('');
  const found = useMemo(() => search(choices, text), [choices, text]);
  const [at, setAt] = useState(() => Math.max(0, choices.indexOf(value)));
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [at, found]);
  const keys = (e: KeyboardEvent) => {
    e.stopPropagation();
    const last = Math.min(found.length, shown) - 1;
    const to = { ArrowDown: Math.min(at + 1, last), ArrowUp: Math.max(at - 1, 0), Home: 0, End: last }[e.key];
    const choice = found[at];
    if (to !== undefined) setAt(to);
    else if (e.key === 'Enter' && choice !== undefined) onChoose(choice);
    else return;
    e.preventDefault();
  };
  return (
    <>
      <input
        className={styles.filter} role="combobox" aria-label={`search ${label}`} aria-expanded aria-controls="choices" autoFocus placeholder="search…" value={text}
        onChange={(e) => {
          setText(e.target.value);
          setAt(0);
        }}
        onKeyDown={keys}
      />
      <div ref={list} id="choices" role="listbox" aria-label={label} className={styles.choices}>
        {found.slice(0, shown).map((choice, i) => (
          <div key={textOf(choice)} role="option" aria-selected={i === at} data-now={choice === value} className={styles.choice} onPointerMove={() => setAt(i)} onClick={() => onChoose(choice)}>
            <Preview address={previewOf(schema, choice)} />
            {textOf(choice)}
          </div>
        ))}
        {found.length === 0 && <p className={styles.none}>{choices.length === 0 ? 'There is nothing to choose from: put files into the folder.' : 'Nothing fits.'}</p>}
        {found.length > shown && <p className={styles.none}>{found.length - shown} more: type to narrow the list</p>}
      </div>
    </>
  );
}

/** A small picture of a choice, where it is one. */
function Preview({ address }: { address: string | null }) {
  const [gone, setGone] = useState(false);
  return address === null || gone ? null : <img className={styles.preview} src={address} alt="" loading="lazy" onError={() => setGone(true)} />;
}

function search(choices: readonly Json[], text: string): readonly Json[] {
  if (text.trim() === '') return choices;
  return go(text, choices.map((choice) => ({ choice, text: textOf(choice) })), { key: 'text', limit: 0, threshold: 0.2 }).map((r) => r.obj.choice);
}

/** A choice in words. */
function textOf(value: Json): string {
  if (value === null) return 'none';
  return typeof value === 'string' ? value : stringify(value);
}
