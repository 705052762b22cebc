import { ContextMenu as Context, DropdownMenu as Dropdown } from 'radix-ui';
import type { ReactNode } from 'react';

import styles from './Menu.module.css';

/** One row of a menu; keys are shown at the right. A row without run is a line between groups. */
export type MenuItem = { readonly label: string; readonly keys?: string; readonly run?: () => void; readonly disabled?: boolean; readonly checked?: boolean; readonly danger?: boolean };

/** A line between groups of rows. */
export const separator: MenuItem = { label: '' };

/** A menu that opens below the button that is its child. */
export function Menu({ items, children, side = 'bottom' }: { items: readonly MenuItem[]; children: ReactNode; side?: 'bottom' | 'right' }) {
  return (
    <Dropdown.Root modal={false}>
      <Dropdown.Trigger asChild>{children}</Dropdown.Trigger>
      <Dropdown.Portal>
        <Dropdown.Content className={styles.menu} side={side} align="start" sideOffset={4} collisionPadding={8}>
          {items.map((item, i) =>
            item.run === undefined ? (
              <Dropdown.Separator key={i} className={styles.line} />
            ) : (
              <Dropdown.Item key={i} className={styles.item} data-danger={item.danger} disabled={item.disabled ?? false} onSelect={item.run}>
                <Row item={item} />
              </Dropdown.Item>
            ),
          )}
        </Dropdown.Content>
      </Dropdown.Portal>
    </Dropdown.Root>
  );
}

/** A menu that opens at the pointer, by right click, long press or the menu key. items are asked for when it opens. */
export function ContextMenu({ items, children, onOpen }: { items: readonly MenuItem[]; children: ReactNode; onOpen?: (open: boolean) => void }) {
  return (
    <Context.Root modal={false} {...(onOpen ? { onOpenChange: onOpen } : {})}>
      <Context.Trigger asChild>{children}</Context.Trigger>
      <Context.Portal>
        <Context.Content className={styles.menu} collisionPadding={8}>
          {items.map((item, i) =>
            item.run === undefined ? (
              <Context.Separator key={i} className={styles.line} />
            ) : (
              <Context.Item key={i} className={styles.item} data-danger={item.danger} disabled={item.disabled ?? false} onSelect={item.run}>
                <Row item={item} />
              </Context.Item>
            ),
          )}
        </Context.Content>
      </Context.Portal>
    </Context.Root>
  );
}

function Row({ item }: { item: MenuItem }) {
  return (
    <>
      <span>
        {item.checked === true && '✓ '}
        {item.label}
      </span>
      {item.keys && <kbd>{item.keys}</kbd>}
    </>
  );
}
