import { IconButton } from '../ui/Button';
import type { IconName } from '../ui/Icon';
import { Menu } from '../ui/Menu';

type Props<C extends string> = { readonly name: string; readonly value: C; readonly choices: readonly C[]; readonly onChange: (c: C) => void };

const icons: Readonly<Record<string, IconName>> = { randomize: 'dice', fixed: 'lock', increment: 'plus', decrement: 'minus' };

/** What becomes of a seed after a run. */
export function ControlButton<C extends string>({ name, value, choices, onChange }: Props<C>) {
  return (
    <Menu items={choices.map((c) => ({ label: c, checked: c === value, run: () => onChange(c) }))}>
      <IconButton className="nodrag" icon={icons[value] ?? 'dice'} label={`after a run, ${name} is: ${value}`} />
    </Menu>
  );
}
