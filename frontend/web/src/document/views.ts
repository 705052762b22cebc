import { isObject } from '../json/value';
import type { Workflow } from './types';

/** A part of a canvas as it was seen: which canvas, and where. */
export type SavedView = { readonly way: readonly { readonly graph: string; readonly node: number | string }[]; readonly x: number; readonly y: number; readonly zoom: number };

/** Where a workflow's file keeps them, by their numbers. */
const key = 'oneactor_views';

/** The view with that number; undefined where none was saved. */
export function savedView(workflow: Workflow, number: number): SavedView | undefined {
  const all: unknown = workflow.extra?.[key];
  const view: unknown = isObject(all) ? all[String(number)] : undefined;
  if (!isObject(view) || ![view.x, view.y, view.zoom].every((n) => typeof n === 'number' && Number.isFinite(n)) || !Array.isArray(view.way)) return undefined;
  return view as unknown as SavedView;
}

export function withView(workflow: Workflow, number: number, view: SavedView): Workflow {
  const all: unknown = workflow.extra?.[key];
  return { ...workflow, extra: { ...workflow.extra, [key]: { ...(isObject(all) ? all : {}), [String(number)]: view } } };
}
