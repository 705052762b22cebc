import { expect, it } from 'vitest';

import { fixtureSchema } from '../schema/fixture';
import { addLink, editNodes, moveNodes, removeLinks } from './edit';
import { textToImage } from './fixture';
import { staleNodes } from './stale';
import type { Workflow } from './types';
import { withValue } from './values';

const before = textToImage();
const set = (id: number, type: string, name: string, value: number) => (w: Workflow) => editNodes(w, null, [id], (n) => withValue(n, fixtureSchema.get(type)!, name, value));

it.each<[string, (w: Workflow) => Workflow, number[]]>([
  ['nothing', (w) => w, []],
  ['a node moved', (w) => moveNodes(w, null, new Map([[4, [9, 9] as const]])), []],
  ['the size of the latent', set(4, 'EmptyLatentImage', 'width', 64), [4, 5, 6, 7]],
  ['the same size again', (w) => set(4, 'EmptyLatentImage', 'width', 512)(w), []],
  ['there and back', (w) => set(4, 'EmptyLatentImage', 'width', 512)(set(4, 'EmptyLatentImage', 'width', 64)(w)), []],
  ['a prompt linked elsewhere', (w) => addLink(w, null, { from: 3, output: 0, to: 5, input: 'positive' }, fixtureSchema), [5, 6, 7]],
  ['a link gone', (w) => removeLinks(w, null, [9]), [7]],
  ['a node muted', (w) => editNodes(w, null, [6], (n) => ({ ...n, mode: 2 })), [6, 7]],
])('%s', (_, change, want) => expect([...staleNodes(before, change(before), null)].map(Number).sort()).toEqual(want));

it('is nothing before the first run', () => expect(staleNodes(null, before, null).size).toBe(0));
