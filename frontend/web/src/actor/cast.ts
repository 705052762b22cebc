import { createStore } from 'zustand/vanilla';

import type { Actor, Actors, Problems } from '../server/gen_wire';
import { request } from '../server/request';

export type CastState = { readonly actors: readonly Actor[]; readonly problems: Problems; readonly loaded: boolean };

/** The saved actors. */
export const cast = createStore<CastState>(() => ({ actors: [], problems: [], loaded: false }));

export async function refreshCast(): Promise<void> {
  cast.setState({ ...(await request<Actors>('/oneactor/actors')), loaded: true });
}

function route(name: string): string {
  return `/oneactor/actors/${encodeURIComponent(name)}`;
}

/** The address of an actor's picture; it changes with the file, so that a new picture is shown. */
export function thumbnailURL(a: Actor): string {
  return `.${route(a.name)}/thumbnail?format=webp&size=128&t=${a.modified ?? 0}`;
}

export async function renameActor(name: string, to: string): Promise<void> {
  await request(route(name), { method: 'PATCH', json: { name: to } });
  await refreshCast();
}

/** Moves an actor into the trash; restoreActor brings it back. */
export async function trashActor(name: string): Promise<void> {
  await request(route(name), { method: 'DELETE' });
  await refreshCast();
}

export async function restoreActor(name: string): Promise<void> {
  await request(`${route(name)}/restore`, { method: 'POST' });
  await refreshCast();
}

/** Takes in the file of an actor that somebody else has made. */
export async function importActor(file: File): Promise<void> {
  const form = new FormData();
  form.append('file', file);
  await request('/oneactor/actors', { body: form });
  await refreshCast();
}
