import { colourText, colourValue } from './colour';
import type { WidgetProps } from './types';
import styles from './widgets.module.css';

/** A colour, chosen with the browser's own picker. */
export function ColourWidget({ schema, value, onChange, onSettle }: WidgetProps) {
  const text = colourText(value);
  return (
    <label className={`${styles.bar} nodrag`} title={schema.tooltip}>
      <span className={styles.label}>{schema.name}</span>
      <span className={styles.value}>{text}</span>
      <input type="color" className={styles.colour} aria-label={schema.name} value={text} onChange={(e) => onChange(colourValue(e.target.value, schema.type))} onBlur={onSettle} />
    </label>
  );
}
