import { Icon } from './Icon';
import styles from './SearchField.module.css';

/** A field that filters a list. */
export function SearchField({ label, value, onChange }: { label: string; value: string; onChange: (text: string) => void }) {
  return (
    <label className={styles.field}>
      <Icon name="search" size={14} />
      <input type="search" aria-label={label} placeholder={`${label}…`} value={value} onChange={(e) => onChange(e.target.value)} />
    </label>
  );
}
