import { useEffect, useState } from 'react';

import { request } from '../server/request';
import { SearchField } from '../ui/SearchField';
import { notifyError } from '../ui/toasts';
import { listWorkflows, openSaved } from './files';
import styles from './lists.module.css';
import { openTemplate, type Page } from './start';

type Template = { readonly name: string; readonly title?: string; readonly description: string; readonly mediaSubtype: string };

/** Workflows that the user has saved, and those that came with the program. */
export function WorkflowsPanel({ page }: { page: Page }) {
  const [saved, setSaved] = useState<readonly string[]>([]);
  const [templates, setTemplates] = useState<readonly Template[]>([]);
  const [text, setText] = useState('');
  useEffect(() => {
    listWorkflows().then(setSaved, notifyError);
    request<{ templates: Template[] }[]>('/templates/index.json').then((groups) => setTemplates(groups.flatMap((g) => g.templates)), notifyError);
  }, []);
  const fits = (...words: string[]) => words.join(' ').toLowerCase().includes(text.toLowerCase());
  return (
    <>
      <SearchField label="search workflows" value={text} onChange={setText} />
      <h3 className={styles.heading}>Mine</h3>
      {saved.filter((name) => fits(name)).map((name) => (
        <button key={name} type="button" className={styles.row} onClick={() => void openSaved(page.workspace, name).catch(notifyError)}>{name.replace(/\.json$/, '')}</button>
      ))}
      {saved.length === 0 && <p className={styles.empty}>Nothing saved yet: Ctrl+S keeps the open workflow here.</p>}
      <h3 className={styles.heading}>Templates</h3>
      {templates.filter((t) => fits(t.name, t.title ?? '', t.description)).map((t) => (
        <button key={t.name} type="button" className={styles.template} onClick={() => void openTemplate(page.workspace, t.name).catch(notifyError)}>
          <img src={`./templates/${t.name}-1.${t.mediaSubtype}`} alt="" loading="lazy" />
          <b>{t.title ?? t.name}</b>
          <span>{t.description}</span>
        </button>
      ))}
    </>
  );
}
