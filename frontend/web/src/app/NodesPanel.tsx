import { useMemo, useState } from 'react';

import { searchNodes } from '../schema/search';
import type { NodeClass } from '../schema/types';
import { SearchField } from '../ui/SearchField';
import styles from './lists.module.css';
import type { Page } from './start';
import { placeNode } from './placeNode';
import type { Tab } from './workspace';

/** What a dragged node class is called while it is dragged. */
export const nodeType = 'application/x-oneactor-node';

/** All node classes by category: drag one onto the canvas, or click it. */
export function NodesPanel({ page, tab }: { page: Page; tab: Tab | undefined }) {
  const { schema } = page.engine;
  const [text, setText] = useState('');
  const groups = useMemo(() => byCategory(searchNodes(schema, text), text !== ''), [schema, text]);
  return (
    <>
      <SearchField label="search nodes" value={text} onChange={setText} />
      {groups.map(([category, classes]) => (
        <details key={category} className={styles.group} open={text !== ''}>
          <summary>{category || 'other'} <small>{classes.length}</small></summary>
          {classes.map((c) => (
            <button
              key={c.name} type="button" className={styles.row} draggable title={c.description} onClick={() => tab && placeNode(tab, schema, c)}
              onDragStart={(e) => e.dataTransfer.setData(nodeType, c.name)}
            >
              {c.title}
            </button>
          ))}
        </details>
      ))}
      {groups.length === 0 && <p className={styles.empty}>No node has such a name. Try fewer letters.</p>}
    </>
  );
}

/** Classes by category; in the order of the search where there is one. */
function byCategory(classes: readonly NodeClass[], searched: boolean): [string, NodeClass[]][] {
  const groups = new Map<string, NodeClass[]>();
  for (const c of classes) groups.set(c.category, [...(groups.get(c.category) ?? []), c]);
  const list = [...groups];
  return searched ? list : list.sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
}

function rank(category: string): number {
  return category.startsWith('oneactor') ? 0 : 1;
}
