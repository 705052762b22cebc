import { useStore } from 'zustand';

import { Button, IconButton } from './Button';
import { Icon } from './Icon';
import styles from './Toasts.module.css';
import { dismiss, toasts } from './toasts';

/** What there is to tell, at the lower edge. */
export function Toasts() {
  const list = useStore(toasts, (s) => s.list);
  return (
    <div className={styles.toasts} role="region" aria-label="messages" aria-live="polite">
      {list.map((t) => (
        <div key={t.id} className={styles.toast} data-kind={t.kind} role={t.kind === 'error' ? 'alert' : 'status'}>
          {t.kind === 'error' && <Icon name="warning" />}
          <p>{t.text}{t.details && <small>{t.details}</small>}</p>
          {t.action && (
            <Button onClick={() => {
              t.action?.run();
              dismiss(t.id);
            }}>
              {t.action.label}
            </Button>
          )}
          <IconButton icon="close" label="close the message" onClick={() => dismiss(t.id)} />
        </div>
      ))}
    </div>
  );
}
