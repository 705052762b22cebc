import { describe, expect, it } from 'vitest';

import { paintedFrom } from './mask';

describe('paintedFrom', () => {
  it('is paint where the picture is transparent', () => {
    const data = new Uint8ClampedArray([1, 2, 3, 255, 4, 5, 6, 0, 7, 8, 9, 55]);
    const painted = paintedFrom({ data, width: 3, height: 1, colorSpace: 'srgb' });
    expect([...painted.data]).toEqual([255, 0, 200, 0, 255, 0, 200, 255, 255, 0, 200, 200]);
  });
});
