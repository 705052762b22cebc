import { ContextMenu as Context, DropdownMenu as Dropdown } from 'radix-ui';
import type { ReactNode } from 'react';

import styles from './Menu.module.css';

/** One row of a menu; keys are shown at the right. A row with items opens them; one with neither run nor items is a line between groups. */
export type MenuItem = {
  readonly label: string;
  readonly keys?: string;
  readonly run?: () => void;
  readonly items?: readonly MenuItem[];
  readonly disabled?: boolean;
  readonly checked?: boolean;
  readonly danger?: boolean;
  /** A colour shown before the label. */
  readonly colour?: string;
};

/** A line between groups of rows. */
export const separator: MenuItem = { label: '' };

/** A menu that opens below the button that is its child. */
export function Menu({ items, children, side = 'bottom' }: { items: readonly MenuItem[]; children: ReactNode; side?: 'bottom' | 'right' }) {
  return (
    <Dropdown.Root modal={false}>
      <Dropdown.Trigger asChild>{children}</Dropdown.Trigger>
      <Dropdown.Portal>
        <Dropdown.Content className={styles.menu} side={side} align="start" sideOffset={4} collisionPadding={8}><Rows of={Dropdown} items={items} /></Dropdown.Content>
      </Dropdown.Portal>
    </Dropdown.Root>
  );
}

/** A menu that opens at the pointer, by right click, long press or the menu key. */
export function ContextMenu({ items, children }: { items: readonly MenuItem[]; children: ReactNode }) {
  return (
    <Context.Root modal={false}>
      <Context.Trigger asChild>{children}</Context.Trigger>
      <Context.Portal>
        <Context.Content className={styles.menu} collisionPadding={8}><Rows of={Context} items={items} /></Context.Content>
      </Context.Portal>
    </Context.Root>
  );
}

/** The two kinds of menus have the same parts. */
type Kind = Pick<typeof Dropdown, 'Item' | 'Separator' | 'Sub' | 'SubTrigger' | 'SubContent' | 'Portal'> | Pick<typeof Context, 'Item' | 'Separator' | 'Sub' | 'SubTrigger' | 'SubContent' | 'Portal'>;

function Rows({ of: M, items }: { of: Kind; items: readonly MenuItem[] }) {
  return items.map((item, i) => {
    if (item.items !== undefined) {
      return (
        <M.Sub key={i}>
          <M.SubTrigger className={styles.item}><Row item={item} /><span aria-hidden>›</span></M.SubTrigger>
          <M.Portal><M.SubContent className={styles.menu} collisionPadding={8}><Rows of={M} items={item.items} /></M.SubContent></M.Portal>
        </M.Sub>
      );
    }
    if (item.run === undefined) return <M.Separator key={i} className={styles.line} />;
    return <M.Item key={i} className={styles.item} data-danger={item.danger} disabled={item.disabled ?? false} onSelect={item.run}><Row item={item} /></M.Item>;
  });
}

function Row({ item }: { item: MenuItem }) {
  return (
    <>
      <span>
        {item.checked === true && '✓ '}
        {item.colour !== undefined && <i className={styles.colour} style={{ background: item.colour }} />}
        {item.label}
      </span>
      {item.keys && <kbd>{item.keys}</kbd>}
    </>
  );
}
