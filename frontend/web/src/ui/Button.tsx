import type { ComponentProps } from 'react';

import styles from './Button.module.css';
import { Icon, type IconName } from './Icon';

type Kind = 'plain' | 'primary' | 'danger';

type Props = ComponentProps<'button'> & { readonly icon?: IconName; readonly kind?: Kind };

/** A button with words, and an icon in front of them if there is one. */
export function Button({ icon, kind = 'plain', className, children, ...rest }: Props) {
  return (
    <button type="button" className={[styles.button, styles[kind], className].join(' ')} {...rest}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button that is only an icon; label is its name for everyone who does not see it, and its tooltip. */
export function IconButton({ icon, label, className, ...rest }: Omit<Props, 'children'> & { readonly icon: IconName; readonly label: string }) {
  return (
    <button type="button" aria-label={label} title={label} className={[styles.icon, className].join(' ')} {...rest}>
      <Icon name={icon} />
    </button>
  );
}
