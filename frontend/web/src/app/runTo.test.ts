import { expect, it } from 'vitest';

import { fixtureSchema } from '../schema/fixture';
import { runOnlyTo, type Prompt } from './runTo';

const prompt: Prompt = {
  1: { class_type: 'CheckpointLoaderSimple', inputs: {} },
  '9:5': { class_type: 'KSampler', inputs: { model: ['1', 0] } },
  '9:6': { class_type: 'VAEDecode', inputs: { samples: ['9:5', 0] } },
  7: { class_type: 'SaveImage', inputs: { images: ['9:6', 0] } },
};

it.each<[string, string[], string[], Record<string, unknown>]>([
  ['an output node is its own target', ['7'], ['7'], {}],
  ['a picture is shown', ['9:6'], ['9:6-shown'], { '9:6-shown': { class_type: 'PreviewImage', inputs: { images: ['9:6', 0] } } }],
  ['anything else as text', ['9:5'], ['9:5-shown'], { '9:5-shown': { class_type: 'PreviewAny', inputs: { source: ['9:5', 0] } } }],
  ['a subgraph stands for what is in it', ['9'], ['9:5-shown', '9:6-shown'], {
    '9:5-shown': { class_type: 'PreviewAny', inputs: { source: ['9:5', 0] } }, '9:6-shown': { class_type: 'PreviewImage', inputs: { images: ['9:6', 0] } },
  }],
  ['a note is nothing', ['4'], [], {}],
])('%s', (_, ids, targets, added) => {
  const got = runOnlyTo(prompt, ids, fixtureSchema);
  expect(got.targets.sort()).toEqual(targets);
  expect(got.prompt).toEqual({ ...prompt, ...added });
});
