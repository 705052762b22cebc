import { useEffect, useState } from 'react';

import { Mode } from '../document/types';
import { secondsLeft } from '../run/change';
import type { NodeRun } from '../run/types';
import { Icon } from '../ui/Icon';
import styles from './node.module.css';

/** The state of a node in a few letters, with an icon: nothing is told by colour alone. */
export function NodeBadge({ run, stale, mode }: { run: NodeRun; stale: boolean; mode: number }) {
  if (mode === Mode.muted) return <span className={styles.badge}>muted</span>;
  if (mode === Mode.bypassed) return <span className={styles.badge}>bypassed</span>;
  switch (run.state) {
    case 'queued':
      return <span className={styles.badge}>waits</span>;
    case 'running':
      return <Running run={run} />;
    case 'failed':
      return <span className={styles.badge} data-kind="bad"><Icon name="warning" size={12} />failed</span>;
    case 'interrupted':
      return <span className={styles.badge} data-kind="bad">stopped</span>;
    case 'kept':
    case 'done':
      if (stale) return <span className={styles.badge} title="The workflow has changed since: the next run makes this anew">stale</span>;
      return run.state === 'kept' ? (
        <span className={styles.badge} data-kind="kept" title="The result is kept from an earlier run"><Icon name="anchor" size={12} />kept</span>
      ) : (
        <span className={styles.badge} data-kind="good"><Icon name="check" size={12} />{run.seconds !== null && `${run.seconds.toFixed(1)} s`}</span>
      );
    default:
      return null;
  }
}

function Running({ run }: { run: NodeRun }) {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const left = secondsLeft(run, now);
  const steps = run.max > 1 ? `${run.value}/${run.max}` : 'runs';
  return (
    <span className={styles.badge} data-kind="running" role="progressbar" aria-valuenow={run.value} aria-valuemin={0} aria-valuemax={run.max} aria-label="steps">
      {steps}
      {left !== null && ` · ${duration(left)}`}
    </span>
  );
}

/** Seconds as m:ss, or h:mm:ss. */
function duration(seconds: number): string {
  const s = Math.ceil(seconds);
  const pad = (n: number) => String(n).padStart(2, '0');
  return s >= 3600 ? `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}` : `${Math.floor(s / 60)}:${pad(s % 60)}`;
}
