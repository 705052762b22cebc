import { Handle, Position } from '@xyflow/react';
import { useStore } from 'zustand';

import { fits, socketColour, socketShape } from '../schema/socket';
import { useCanvas } from './context';
import { inputHandle, outputHandle } from './flow';
import styles from './node.module.css';

type Props = {
  readonly side: 'input' | 'output';
  readonly type: string;
  readonly label: string;
  readonly tooltip: string;
  readonly slot: number;
  readonly name: string;
  readonly linked: boolean;
  readonly optional?: boolean;
  /** Belongs to a widget: shown when a link is there or dragged. */
  readonly quiet?: boolean;
};

/** Where links end. Its colour and shape are those of its type; while a link is dragged that does not fit, it fades. */
export function Socket({ side, type, label, tooltip, slot, name, linked, optional = false, quiet = false }: Props) {
  const faded = useStore(useCanvas().view, ({ dragged }) => {
    if (dragged === null) return false;
    return dragged.side === side || !(side === 'input' ? fits(dragged.type, type) : fits(type, dragged.type));
  });
  return (
    <Handle
      type={side === 'input' ? 'target' : 'source'} position={side === 'input' ? Position.Left : Position.Right} id={side === 'input' ? inputHandle(name) : outputHandle(slot)}
      className={styles.socket} role="img" aria-label={`${side} ${label}, ${type}`} title={tooltip ? `${type}: ${tooltip}` : type}
      data-shape={socketShape(type)} data-linked={linked} data-optional={optional} data-quiet={quiet} data-faded={faded} style={{ '--socket': socketColour(type) } as React.CSSProperties}
    />
  );
}
