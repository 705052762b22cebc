import { describe, expect, it } from 'vitest';

import { fixtureSchema } from '../schema/fixture';
import { pictureOf, previewOf } from './preview';

const combo = fixtureSchema.get('KSampler')!.inputs.find((i) => i.name === 'sampler_name')!;

describe('pictureOf', () => {
  it.each([
    ['cat.png', { filename: 'cat.png', subfolder: '', type: 'input' }],
    ['clipspace/cat.png', { filename: 'cat.png', subfolder: 'clipspace', type: 'input' }],
    ['a/b/cat.png [output]', { filename: 'cat.png', subfolder: 'a/b', type: 'output' }],
    ['', null],
    [3, null],
  ])('%j', (value, want) => expect(pictureOf(value)).toEqual(want));
});

describe('previewOf', () => {
  it('is of pictures and actors, and of nothing else', () => {
    expect(previewOf({ ...combo, name: 'image', upload: true }, 'sub/cat.png')).toContain('filename=cat.png&subfolder=sub');
    expect(previewOf({ ...combo, name: 'actor_name' }, 'my cat.safetensors')).toBe('./oneactor/actors/my%20cat.safetensors/thumbnail?format=webp&size=128');
    expect(previewOf(combo, 'euler')).toBeNull();
  });
});
