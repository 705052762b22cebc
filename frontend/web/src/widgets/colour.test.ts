import { expect, it } from 'vitest';

import type { Json } from '../json/value';
import { colourText, colourValue } from './colour';

it.each<[Json, string]>([
  [0xff8000, '#ff8000'], [255, '#0000ff'], [255n, '#0000ff'], ['#FF8000', '#ff8000'], ['f80', '#ff8800'], [' #abc ', '#aabbcc'], ['red', '#000000'], [null, '#000000'],
])('%s is %s', (value, text) => expect(colourText(value)).toBe(text));

it('keeps numbers as numbers and texts as texts', () => {
  expect(colourValue('#0000ff', 'INT')).toBe(255);
  expect(colourValue('#0000ff', 'STRING')).toBe('#0000ff');
});
