import { expect, it } from 'vitest';

import { textToImage } from './fixture';
import { savedView, withView } from './views';

const view = { way: [{ graph: 'inner', node: 7 }], x: 1, y: 2.5, zoom: 0.5 };

it('is kept in the workflow by its number', () => {
  const w = withView(withView(textToImage(), 1, view), 9, { ...view, x: 3 });
  expect(savedView(w, 1)).toEqual(view);
  expect(savedView(w, 9)?.x).toBe(3);
  expect(savedView(w, 2)).toBeUndefined();
});

it.each<[string, unknown]>([['a text', 'x'], ['no number', { 1: { ...view, zoom: 'large' } }], ['no way', { 1: { x: 1, y: 1, zoom: 1 } }]])('of another program is none: %s', (_, views) => {
  expect(savedView({ ...textToImage(), extra: { oneactor_views: views } }, 1)).toBeUndefined();
});
