import { describe, expect, it } from 'vitest';

import { readStory, scenesOf, writeStory } from './story';

describe('a story', () => {
  it.each([
    ['in a forest', { prompt: 'in a forest', caption: null, seed: null }],
    ['on the moon | At last!', { prompt: 'on the moon', caption: 'At last!', seed: null }],
    ['at sea | seed 7', { prompt: 'at sea', caption: null, seed: 7n }],
    ['at sea | words | more | seed 18446744073709551615', { prompt: 'at sea', caption: 'words | more', seed: 18446744073709551615n }],
    ['at sea | seed of doubt', { prompt: 'at sea', caption: 'seed of doubt', seed: null }],
    ['at sea |', { prompt: 'at sea', caption: '', seed: null }],
  ])('%s', (line, want) => {
    expect(readStory(line)).toEqual([want]);
    expect(writeStory(readStory(line)).trim()).toBe(line.trim());
  });

  it('keeps notes and gaps', () => {
    const text = '# later\nin a city\n\non a beach';
    expect(writeStory(readStory(text))).toBe(text);
    expect(scenesOf(readStory(text)).map((s) => [s.line, s.scene.prompt])).toEqual([[1, 'in a city'], [3, 'on a beach']]);
  });
});
