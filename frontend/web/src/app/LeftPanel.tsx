import { Tabs } from 'radix-ui';
import { useState } from 'react';

import { CastPanel } from '../actor/CastPanel';
import { addActor } from './addActor';
import { IconButton } from '../ui/Button';
import type { IconName } from '../ui/Icon';
import styles from './LeftPanel.module.css';
import { NodesPanel } from './NodesPanel';
import type { Page } from './start';
import { WorkflowsPanel } from './WorkflowsPanel';
import type { Tab } from './workspace';

const sections: readonly { id: string; icon: IconName; title: string }[] = [
  { id: 'cast', icon: 'person', title: 'Cast' },
  { id: 'nodes', icon: 'graph', title: 'Nodes' },
  { id: 'workflows', icon: 'folder', title: 'Workflows' },
];

/** The cast, the nodes and the workflows; folds away. */
export function LeftPanel({ page, tab }: { page: Page; tab: Tab | undefined }) {
  const [open, setOpen] = useState(innerWidth > 1100);
  const [section, setSection] = useState('cast');
  return (
    <Tabs.Root className={styles.panel} orientation="vertical" value={section} onValueChange={setSection} data-open={open}>
      <Tabs.List className={styles.rail} aria-label="panels">
        {sections.map((s) => (
          <Tabs.Trigger key={s.id} value={s.id} asChild>
            <IconButton icon={s.icon} label={s.title} onClick={() => setOpen(!(open && section === s.id))} />
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {open && (
        <div className={styles.body}>
          <h2>{sections.find((s) => s.id === section)?.title}</h2>
          <Tabs.Content value="cast"><CastPanel onUse={(name) => tab && addActor(tab, page.engine.schema, name)} /></Tabs.Content>
          <Tabs.Content value="nodes"><NodesPanel page={page} tab={tab} /></Tabs.Content>
          <Tabs.Content value="workflows"><WorkflowsPanel page={page} /></Tabs.Content>
        </div>
      )}
    </Tabs.Root>
  );
}
