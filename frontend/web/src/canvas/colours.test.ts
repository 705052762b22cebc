import { expect, it } from 'vitest';

import { nodeColours, readable } from './colours';

it.each([['#fff', '#1a1a1a'], ['#ffffff', '#1a1a1a'], ['#432', '#f2f2f2'], ['#653', '#f2f2f2'], ['#ffd500', '#1a1a1a'], ['rebeccapurple', '#f2f2f2']])('%s takes %s', (on, want) =>
  expect(readable(on)).toBe(want));

it('writes light on all of ComfyUI\'s colours', () => expect(nodeColours.every((c) => readable(c.color) === '#f2f2f2' && readable(c.bgcolor) === '#f2f2f2')).toBe(true));
