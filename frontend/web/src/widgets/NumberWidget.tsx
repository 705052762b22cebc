import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';

import { calculate } from './arithmetic';
import { addSteps, format, limit, numberOf } from './number';
import type { WidgetProps } from './types';
import styles from './widgets.module.css';

/** Pixels of a drag that are one step. */
const pixelsPerStep = 6;

/** A number: drag sideways (Shift is fine), click to type, arrow keys for steps. */
export function NumberWidget({ schema, value, onChange, onSettle }: WidgetProps) {
  const [editing, setEditing] = useState(false);
  const drag = useDrag(schema, value, onChange, onSettle, () => setEditing(true));
  if (editing) {
    return (
      <NumberField schema={schema} value={value} onSettle={onSettle} onChange={onChange} onDone={() => setEditing(false)} />
    );
  }
  const keys = (e: KeyboardEvent) => {
    const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[e.key];
    if (steps !== undefined) onChange(addSteps(schema, value, steps, e.shiftKey));
    else if (e.key === 'Enter' || /^[\d.-]$/.test(e.key)) setEditing(true);
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  const { min, max } = schema.options;
  return (
    <div
      className={`${styles.bar} ${styles.number} nodrag`} role="spinbutton" tabIndex={0} aria-label={schema.name} title={schema.tooltip}
      aria-valuenow={Number(numberOf(value))} aria-valuetext={format(schema, value)}
      {...(typeof min === 'number' ? { 'aria-valuemin': min } : {})} {...(typeof max === 'number' ? { 'aria-valuemax': max } : {})}
      onKeyDown={keys} onBlur={onSettle} {...drag}
    >
      <span className={styles.label}>{schema.name}</span>
      <span className={styles.value}>{format(schema, value)}</span>
    </div>
  );
}

/** Drags change the value from where they began, so that going back restores it; a press without a drag is a click. */
function useDrag(schema: WidgetProps['schema'], value: WidgetProps['value'], onChange: WidgetProps['onChange'], onSettle: () => void, onClick: () => void) {
  const from = useRef<{ x: number; value: WidgetProps['value']; moved: boolean } | null>(null);
  return {
    onPointerDown: (e: PointerEvent) => {
      if (e.button !== 0) return;
      e.currentTarget.setPointerCapture(e.pointerId);
      from.current = { x: e.clientX, value, moved: false };
    },
    onPointerMove: (e: PointerEvent) => {
      const start = from.current;
      if (start === null) return;
      const steps = Math.trunc((e.clientX - start.x) / pixelsPerStep);
      if (steps === 0 && !start.moved) return;
      start.moved = true;
      onChange(addSteps(schema, start.value, steps, e.shiftKey));
    },
    onPointerUp: () => {
      const start = from.current;
      from.current = null;
      if (start?.moved) onSettle();
      else if (start !== null) onClick();
    },
    onPointerCancel: () => void (from.current = null),
  };
}

type FieldProps = WidgetProps & { readonly onDone: () => void };

function NumberField({ schema, value, onChange, onSettle, onDone }: FieldProps) {
  const [text, setText] = useState(() => format(schema, value));
  const typed = calculate(text);
  const commit = () => {
    if (typed !== null) onChange(limit(schema, typed));
    onSettle();
    onDone();
  };
  return (
    <div className={`${styles.bar} nodrag`}>
      <span className={styles.label}>{schema.name}</span>
      <input
        className={styles.field} aria-label={schema.name} aria-invalid={typed === null} title={typed === null ? 'Type a number, or arithmetic such as 512*2' : schema.tooltip}
        value={text} autoFocus inputMode="decimal" onFocus={(e) => e.target.select()} onChange={(e) => setText(e.target.value)} onBlur={commit}
        onKeyDown={(e) => {
          e.stopPropagation();
          if (e.key === 'Enter') commit();
          if (e.key === 'Escape') onDone();
        }}
      />
    </div>
  );
}
