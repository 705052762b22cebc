import type { WidgetProps } from './types';
import styles from './widgets.module.css';

/** Yes or no. */
export function SwitchWidget({ schema, value, onChange, onSettle }: WidgetProps) {
  const on = value === true;
  const word = (key: string, otherwise: string) => (typeof schema.options[key] === 'string' ? schema.options[key] : otherwise);
  const toggle = () => {
    onChange(!on);
    onSettle();
  };
  return (
    <button type="button" role="switch" aria-checked={on} aria-label={schema.name} title={schema.tooltip} className={`${styles.bar} nodrag`} onClick={toggle}>
      <span className={styles.label}>{schema.name}</span>
      <span className={styles.value}>{on ? word('label_on', 'yes') : word('label_off', 'no')}</span>
      <span className={styles.switch} data-on={on} />
    </button>
  );
}
