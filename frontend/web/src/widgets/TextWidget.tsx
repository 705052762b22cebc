import type { WidgetProps } from './types';
import styles from './widgets.module.css';

/** A text of one line or of many. */
export function TextWidget({ schema, value, onChange, onSettle }: WidgetProps) {
  const text = typeof value === 'string' ? value : '';
  const common = {
    'aria-label': schema.name,
    title: schema.tooltip,
    value: text,
    spellCheck: false,
    onBlur: onSettle,
    // Keys are for the text, not for the canvas.
    onKeyDown: (e: React.KeyboardEvent) => !(e.ctrlKey || e.metaKey) && e.stopPropagation(),
  };
  if (schema.options.multiline === true) {
    return <textarea className={`${styles.area} nodrag nowheel`} placeholder={schema.name} {...common} onChange={(e) => onChange(e.target.value)} />;
  }
  return (
    <label className={`${styles.bar} nodrag`}>
      <span className={styles.label}>{schema.name}</span>
      <input className={styles.field} {...common} onChange={(e) => onChange(e.target.value)} />
    </label>
  );
}
