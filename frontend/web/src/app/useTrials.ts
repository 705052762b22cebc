import { useEffect } from 'react';

import { isSteering, trialOf, withTrial } from '../canvas/trials';
import { graphAt } from '../document/graph';
import { workflowOf } from '../document/store';
import type { Workflow } from '../document/types';
import { shownGraph } from '../canvas/view';
import type { Schema } from '../schema/types';
import type { Tab } from './workspace';

/** How long the hand rests before a change is tried, in milliseconds. */
const rest = 500;

/** Keeps what came of the numbers that steer a character, and tries changes of them at once while that is wanted. */
export function useTrials(tab: Tab | undefined, schema: Schema, run: () => void): void {
  useEffect(() => tab && recordTrials(tab, schema), [tab, schema]);
  useEffect(() => tab && tryChanges(tab, schema, run), [tab, schema, run]);
}

/** After each run. */
function recordTrials({ document, run, view }: Tab, schema: Schema): () => void {
  return run.subscribe((now, before) => {
    if (now.prompt?.state !== 'done' || before.prompt?.state === 'done') return;
    const at = shownGraph(view.getState());
    const workflow = view.getState().ran ?? workflowOf(document.getState());
    const trials = new Map(view.getState().trials);
    for (const n of graphAt(workflow, at)?.nodes ?? []) {
      const trial = trialOf(n, workflow, at, now.nodes, schema);
      if (trial) trials.set(n.id, withTrial(trials.get(n.id) ?? [], trial));
    }
    view.setState({ trials });
  });
}

/** A change is run when the hand rests, or when the run before it has ended. */
function tryChanges({ document, run, view }: Tab, schema: Schema, start: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waits = false;
  const busy = () => run.getState().prompt?.state === 'running' || run.getState().prompt?.state === 'queued';
  const go = () => {
    waits = busy();
    if (!waits) start();
  };
  const stops = [
    document.subscribe((now, before) => {
      if (!view.getState().live || steering(workflowOf(now), schema) === steering(workflowOf(before), schema)) return;
      clearTimeout(timer);
      timer = setTimeout(go, rest);
    }),
    run.subscribe(() => {
      if (waits && !busy()) go();
    }),
  ];
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
  };
}

/** The values of all nodes that steer a character. */
function steering(w: Workflow, schema: Schema): string {
  return w.nodes.filter((n) => isSteering(schema.get(n.type))).map((n) => `${n.id}=${JSON.stringify(n.widgets_values)}`).join();
}
