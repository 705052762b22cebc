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
  const choose = (id: string) => {
    setOpen(section !== id || !open);
    setSection(id);
  };
  return (
    <aside className={styles.panel} aria-label="panels">
      <nav className={styles.rail} aria-label="panels">
        {sections.map((s) => <IconButton key={s.id} icon={s.icon} label={s.title} aria-expanded={open && section === s.id} onClick={() => choose(s.id)} />)}
      </nav>
      {open && (
        <div className={styles.body}>
          <h2>{sections.find((s) => s.id === section)?.title}</h2>
          {section === 'cast' && <CastPanel onUse={(name) => tab && addActor(tab, page.engine.schema, name)} />}
          {section === 'nodes' && <NodesPanel page={page} tab={tab} />}
          {section === 'workflows' && <WorkflowsPanel page={page} />}
        </div>
      )}
    </aside>
  );
}
