import { fixtureSchema } from '../schema/fixture';
import { addLink, addNodes, newNode } from './edit';
import { empty } from './graph';
import type { Id, Workflow } from './types';

/** A picture from a prompt: the graph that every ComfyUI user knows. Ids: 1 checkpoint, 2 and 3 prompts, 4 latent, 5 sampler, 6 decoder, 7 save. */
export function textToImage(): Workflow {
  const classes = ['CheckpointLoaderSimple', 'CLIPTextEncode', 'CLIPTextEncode', 'EmptyLatentImage', 'KSampler', 'VAEDecode', 'SaveImage'];
  const nodes = classes.flatMap((name, i) => {
    const c = fixtureSchema.get(name);
    return c === undefined ? [] : [newNode(c, i + 1, [300 * i, 100])];
  });
  const links: [from: Id, output: number, to: Id, input: string][] = [
    [1, 0, 5, 'model'], [1, 1, 2, 'clip'], [1, 1, 3, 'clip'], [2, 0, 5, 'positive'], [3, 0, 5, 'negative'], [4, 0, 5, 'latent_image'],
    [5, 0, 6, 'samples'], [1, 2, 6, 'vae'], [6, 0, 7, 'images'],
  ];
  return links.reduce((w, [from, output, to, input]) => addLink(w, null, { from, output, to, input }, fixtureSchema), addNodes(empty, null, nodes));
}
