import { useStore } from 'zustand';

import { createRun } from '../run/runs';
import { Button } from '../ui/Button';
import styles from './RunBar.module.css';
import { shell } from './shell';
import type { Command } from './commands';
import { useEstimate } from './useEstimate';
import type { Tab } from './workspace';

const none = createRun();

/** The one bright thing on the page. */
export function RunBar({ tab, commands }: { tab: Tab | undefined; commands: readonly Command[] }) {
  const times = useStore(shell, (s) => s.times);
  const run = (id: string) => commands.find((c) => c.id === id)?.run();
  const prompt = useStore(tab?.run ?? none, (s) => s.prompt);
  const busy = prompt?.state === 'running' || prompt?.state === 'queued';
  return (
    <div className={styles.bar}>
      {busy && (
        <progress className={styles.progress} aria-label="nodes done" max={Math.max(1, prompt.nodes.length)} value={prompt.finished.size} title={`${prompt.finished.size} of ${prompt.nodes.length} nodes`} />
      )}
      {tab && !busy && <TimeAhead key={tab.id} tab={tab} times={times} />}
      <label className={styles.times} title="how often Run queues the workflow">
        × <input type="number" aria-label="how often" min={1} max={100} value={times} onChange={({ target: { valueAsNumber: n } }) => n >= 1 && n <= 100 && shell.setState({ times: Math.round(n) })} />
      </label>
      {busy && <Button icon="stop" kind="danger" onClick={() => run('stop')}>Stop</Button>}
      <Button icon="play" kind="primary" className={styles.run} onClick={() => run('run')} disabled={tab === undefined} title="Ctrl+Enter">Run</Button>
    </div>
  );
}

/** What a long run is going to take. */
function TimeAhead({ tab, times }: { readonly tab: Tab; readonly times: number }) {
  const text = useEstimate(tab, times);
  return text && <span className={styles.estimate} role="note" aria-label="estimate of the run" title="An estimate from the size of the model and the pictures, and the speed of this machine">{text}</span>;
}
