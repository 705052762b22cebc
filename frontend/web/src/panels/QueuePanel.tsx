import { useState } from 'react';
import { useStore, type StoreApi } from 'zustand';

import type { JsonObject } from '../json/value';
import { cancelJob, clearPending, forgetJobs, jobs, moveUp, resultsOf, retryJob, type Job } from '../run/jobs';
import type { ServerState } from '../run/runs';
import { Thumbnail } from '../pictures/Thumbnail';
import { pictureKey, type PictureRef } from '../server/picture';
import { askYes } from '../ui/ask';
import { Button, IconButton } from '../ui/Button';
import { notifyError } from '../ui/toasts';
import styles from './QueuePanel.module.css';

type Props = {
  readonly onOpen: (p: PictureRef, all: readonly PictureRef[]) => void;
  readonly onLoad: (workflow: JsonObject, name: string) => void;
  readonly onShowNode: (id: string) => void;
  readonly server: StoreApi<ServerState>;
};

/** What runs, waits and has ended; folds away. */
export function QueuePanel(props: Props) {
  const [open, setOpen] = useState(innerWidth > 1500);
  const { running, pending, ended, loaded } = useStore(jobs);
  const { remaining } = useStore(props.server);
  const clear = async () => {
    if (await askYes('Forget all ended jobs?', 'Their pictures stay in the output folder.', 'Forget them')) await forgetJobs(null);
  };
  return (
    <aside className={styles.panel} data-open={open} aria-label="queue">
      <Button icon="list" aria-expanded={open} className={styles.fold} onClick={() => setOpen(!open)} aria-label={`queue, ${remaining} to do`}>{open ? 'Queue' : ''} {remaining > 0 && <b>{remaining}</b>}</Button>
      {open && (
        <div className={styles.body}>
          <ul>
            {[...running, ...pending].map((j) => <Waiting key={j.id} job={j} pending={pending} />)}
          </ul>
          {pending.length > 1 && <Button onClick={() => void clearPending().catch(notifyError)}>Take out all that wait</Button>}
          <ul>{ended.map((j) => <Ended key={j.id} job={j} {...props} />)}</ul>
          {ended.length > 0 && <Button icon="trash" onClick={() => void clear().catch(notifyError)}>Forget all</Button>}
          {loaded && running.length + pending.length + ended.length === 0 && <p className={styles.empty}>Nothing has run yet. Press Run: what is made appears here.</p>}
        </div>
      )}
    </aside>
  );
}

function Waiting({ job, pending }: { job: Job; pending: readonly Job[] }) {
  return (
    <li className={styles.job} data-state={job.state}>
      <b>{job.state === 'running' ? '▶' : '◷'} {job.name}</b>
      {pending.indexOf(job) > 0 && <IconButton icon="up" label={`run ${job.name} earlier`} onClick={() => void moveUp(job, pending).catch(notifyError)} />}
      <IconButton icon="close" label={job.state === 'running' ? `stop ${job.name}` : `take ${job.name} out of the queue`} onClick={() => void cancelJob(job).catch(notifyError)} />
    </li>
  );
}

const marks = { success: '✓', error: '✗', interrupted: '◻', running: '▶', pending: '◷' };

function Ended({ job, onOpen, onLoad, onShowNode }: Props & { job: Job }) {
  const results = resultsOf(job);
  return (
    <li className={styles.job} data-state={job.state}>
      <b>{marks[job.state]} {job.name}</b>
      <small>{job.seconds !== null ? `${job.seconds.toFixed(1)} s` : job.state === 'interrupted' ? 'stopped' : ''}</small>
      <IconButton icon="redo" label={`run ${job.name} once more`} onClick={() => void retryJob(job.id).catch(notifyError)} />
      {job.workflow && <IconButton icon="graph" label="load its workflow" onClick={() => job.workflow && onLoad(job.workflow, job.name)} />}
      {job.problem && (
        <p>
          {job.problem.message}
          {job.problem.node !== '' && <Button onClick={() => job.problem && onShowNode(job.problem.node)}>show the node</Button>}
        </p>
      )}
      {results.length > 0 && (
        <div className={styles.pictures}>
          {results.slice(0, 8).map((p) => (
            <button key={pictureKey(p)} type="button" aria-label={`open ${p.filename}`} onClick={() => onOpen(p, results)}>
              <Thumbnail picture={p} />
            </button>
          ))}
        </div>
      )}
    </li>
  );
}
