/** What was before and after, newest last. States are whole and immutable, so a step costs only what changed. */
export type History<T> = { readonly past: readonly Step<T>[]; readonly now: T; readonly future: readonly Step<T>[] };

/** A state, and the name of the edit that led away from it. */
type Step<T> = { readonly state: T; readonly label: string; readonly merge: string | null };

/** Steps that can be taken back. */
const deepest = 500;

export function begin<T>(now: T): History<T> {
  return { past: [], now, future: [] };
}

/** An edit. One with the merge key of the edit before it joins that step: dragging a number is one step. */
export function advance<T>(h: History<T>, now: T, label: string, merge: string | null = null): History<T> {
  if (now === h.now) return h;
  const last = h.past.at(-1);
  if (merge !== null && last?.merge === merge && h.future.length === 0) return { ...h, now };
  return { past: [...h.past, { state: h.now, label, merge }].slice(-deepest), now, future: [] };
}

/** Ends a gesture: the next edit is a step of its own. */
export function settle<T>(h: History<T>): History<T> {
  const last = h.past.at(-1);
  return last === undefined || last.merge === null ? h : { ...h, past: [...h.past.slice(0, -1), { ...last, merge: null }] };
}

/** A change that is no step of its own, such as a seed drawn after a run: undo takes it back with the edit before it. */
export function amend<T>(h: History<T>, now: T): History<T> {
  return now === h.now ? h : { ...h, now };
}

export function undo<T>(h: History<T>): History<T> {
  const last = h.past.at(-1);
  if (last === undefined) return h;
  return { past: h.past.slice(0, -1), now: last.state, future: [...h.future, { state: h.now, label: last.label, merge: null }] };
}

export function redo<T>(h: History<T>): History<T> {
  const next = h.future.at(-1);
  if (next === undefined) return h;
  return { past: [...h.past, { state: h.now, label: next.label, merge: null }], now: next.state, future: h.future.slice(0, -1) };
}
