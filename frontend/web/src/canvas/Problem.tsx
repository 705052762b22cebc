import { Icon } from '../ui/Icon';
import styles from './node.module.css';

/** What is wrong, and what to do. */
export function Problem({ message, details }: { message: string; details: string }) {
  return (
    <p role="alert" className={styles.problem}>
      <Icon name="warning" size={13} />
      <span>{message}{details && <small>{details}</small>}</span>
    </p>
  );
}
