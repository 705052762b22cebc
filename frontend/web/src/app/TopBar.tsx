import { useStore } from 'zustand';

import { isChanged } from '../document/store';
import { Button, IconButton } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { Menu, separator, type MenuItem } from '../ui/Menu';
import { askYes } from '../ui/ask';
import type { Command } from './commands';
import { shell } from './shell';
import type { Page } from './start';
import styles from './TopBar.module.css';
import { activate, closeTab, newWorkflow, type Tab } from './workspace';

const inMenu = ['new', 'open', 'save', 'save-as', 'export', 'export-api', '', 'undo', 'redo', 'select-all', '', 'group', 'arrange', 'fit', '', 'theme'];

/** Tabs, the menu, the search, and what the server says of itself. */
export function TopBar({ page, commands }: { page: Page; commands: readonly Command[] }) {
  const { tabs, active } = useStore(page.workspace);
  const { connected, remaining } = useStore(page.engine.runs.server);
  const items = inMenu.flatMap((id): MenuItem[] => {
    const c = commands.find((x) => x.id === id);
    return id === '' ? [separator] : c ? [{ label: c.title, keys: c.keys, run: c.run }] : [];
  });
  return (
    <header className={styles.bar}>
      <Menu items={items}>
        <Button className={styles.brand}>◈ oneactor <Icon name="down" size={12} /></Button>
      </Menu>
      <nav className={styles.tabs} aria-label="open workflows">
        {tabs.map((t) => <TabButton key={t.id} tab={t} active={t.id === active} page={page} />)}
        <IconButton icon="plus" label="new workflow" onClick={() => newWorkflow(page.workspace)} />
      </nav>
      <Button icon="book" onClick={() => commands.find((c) => c.id === 'story')?.run()}>Storybook</Button>
      <Button icon="search" className={styles.search} onClick={() => shell.setState({ searching: true })}>Search everything <kbd>Ctrl K</kbd></Button>
      <span className={styles.state} role="status" data-connected={connected}>
        {connected ? (remaining > 0 ? `${remaining} in the queue` : 'ready') : 'The server is gone; waiting for it…'}
      </span>
    </header>
  );
}

function TabButton({ tab, active, page }: { tab: Tab; active: boolean; page: Page }) {
  const name = useStore(tab.document, (s) => s.name);
  const changed = useStore(tab.document, isChanged);
  const close = async () => {
    if (!changed || (await askYes(`${name} has changes that are not saved.`, 'Closing it loses them.', 'Close it'))) closeTab(page.workspace, tab.id);
  };
  return (
    <span className={styles.tab} data-active={active}>
      <button type="button" aria-current={active ? 'page' : undefined} onClick={() => activate(page.workspace, tab.id)}>
        {name}
        {changed && <span title="not saved" aria-label="not saved"> ●</span>}
      </button>
      <IconButton icon="close" label={`close ${name}`} onClick={() => void close()} />
    </span>
  );
}
