import { describe, expect, it } from 'vitest';

import { fixtureSchema } from '../schema/fixture';
import { addLink, editNodes, moveNodes, removeLinks, removeNodes } from './edit';
import { faceOf } from './face';
import { textToImage } from './fixture';
import { graphAt, nodeMap } from './graph';
import { canLink, type Wish } from './link';
import type { Id, Workflow } from './types';
import { controlOf, nextValue, valueOf, withControl, withValue } from './values';

const node = (w: Workflow, id: Id) => {
  const n = nodeMap(w).get(id);
  if (n === undefined) throw new Error(`no node ${id}`);
  return n;
};

/** Every link stands at both of its ends, and every end's link exists. */
function check(w: Workflow) {
  for (const l of w.links) {
    expect(node(w, l.target_id).inputs[l.target_slot]?.link).toBe(l.id);
    expect(node(w, l.origin_id).outputs[l.origin_slot]?.links).toContain(l.id);
  }
  expect(w.nodes.flatMap((n) => n.inputs.filter((s) => s.link !== null)).length).toBe(w.links.length);
  expect(w.nodes.flatMap((n) => n.outputs.flatMap((s) => s.links ?? [])).length).toBe(w.links.length);
}

describe('links', () => {
  it('stand at both ends', () => check(textToImage()));

  it.each<[string, Wish, RegExp | null]>([
    ['model to model', { from: 1, output: 0, to: 5, input: 'model' }, null],
    ['to a widget of another type', { from: 4, output: 0, to: 5, input: 'steps' }, /LATENT does not fit INT/],
    ['wrong type', { from: 1, output: 0, to: 5, input: 'positive' }, /MODEL does not fit CONDITIONING/],
    ['to itself', { from: 5, output: 0, to: 5, input: 'latent_image' }, /itself/],
    ['no such output', { from: 4, output: 3, to: 5, input: 'latent_image' }, /no such socket/],
    ['no such input', { from: 4, output: 0, to: 5, input: 'nothing' }, /no such socket/],
    ['a node that is gone', { from: 99, output: 0, to: 5, input: 'model' }, /gone/],
  ])('%s', (_, wish, problem) => {
    const said = canLink(wish, textToImage(), null, fixtureSchema);
    if (problem === null) expect(said).toBeNull();
    else expect(said).toMatch(problem);
  });

  it('never close a circle', () => {
    const w = textToImage();
    const second = { ...node(w, 5), id: 8, inputs: node(w, 5).inputs.map((s) => ({ ...s, link: null })), outputs: [{ name: 'LATENT', type: 'LATENT', links: null }] };
    const two = addLink({ ...w, nodes: [...w.nodes, second] }, null, { from: 5, output: 0, to: 8, input: 'latent_image' }, fixtureSchema);
    expect(canLink({ from: 8, output: 0, to: 5, input: 'latent_image' }, two, null, fixtureSchema)).toMatch(/circle/);
    expect(canLink({ from: 8, output: 0, to: 6, input: 'samples' }, two, null, fixtureSchema)).toBeNull();
  });

  it('push out the one that was there', () => {
    const w = addLink(textToImage(), null, { from: 3, output: 0, to: 5, input: 'positive' }, fixtureSchema);
    check(w);
    expect(w.links.length).toBe(9);
    expect(node(w, 2).outputs[0]?.links).toEqual([]);
  });

  it('give a widget a slot of its own', () => {
    const w = addLink(textToImage(), null, { from: 6, output: 0, to: 5, input: 'seed' }, fixtureSchema);
    check(w);
    expect(node(w, 5).inputs.at(-1)).toMatchObject({ name: 'seed', type: 'INT', widget: { name: 'seed' } });
    expect(faceOf(node(w, 5), w, fixtureSchema).inputs.find((i) => i.name === 'seed')).toMatchObject({ linked: true });
  });

  it('go, alone or with their nodes', () => {
    const w = removeLinks(textToImage(), null, [1, 2]);
    check(w);
    expect(w.links.length).toBe(7);
    const without = removeNodes(textToImage(), null, [5]);
    check(without);
    expect(without.links.map((l) => l.id)).toEqual([2, 3, 8, 9]);
  });
});

describe('values', () => {
  const sampler = node(textToImage(), 5);
  const c = fixtureSchema.get('KSampler')!;

  it('lie in the order of the class, with the control behind the seed', () => {
    expect(sampler.widgets_values).toEqual([0, 'randomize', 20, 8, 'euler', 'normal', 1]);
    expect(valueOf(sampler, c, 'denoise')).toBe(1);
    expect(controlOf(sampler, c, 'seed')).toBe('randomize');
  });

  it('are set without touching others', () => {
    const set = withControl(withValue(withValue(sampler, c, 'seed', 18446744073709551615n), c, 'scheduler', 'karras'), c, 'seed', 'fixed');
    expect(set.widgets_values).toEqual([18446744073709551615n, 'fixed', 20, 8, 'euler', 'karras', 1]);
    expect(sampler.widgets_values).toEqual([0, 'randomize', 20, 8, 'euler', 'normal', 1]);
    expect(withValue(sampler, c, 'steps', 20)).toBe(sampler);
    expect(withValue(sampler, c, 'nothing', 1)).toBe(sampler);
  });

  it('fill up a list that is too short, and keep one by name', () => {
    expect(withValue({ ...sampler, widgets_values: [7] }, c, 'cfg', 5).widgets_values).toEqual([7, 'randomize', 20, 5]);
    expect(withValue({ ...sampler, widgets_values: { seed: 7, odd: 1 } }, c, 'cfg', 5).widgets_values).toEqual({ seed: 7, odd: 1, cfg: 5 });
    expect(valueOf({ ...sampler, widgets_values: { seed: 7 } }, c, 'steps')).toBe(20);
  });

  it.each([
    ['fixed', 5, 5],
    ['increment', 5, 6],
    ['increment', 18446744073709551615n, 18446744073709551615n],
    ['increment', 9007199254740991, 9007199254740992n],
    ['decrement', 0, 0],
    ['randomize', 5, 4503599694479359],
  ] as const)('%s %s', (control, value, want) => {
    expect(nextValue(c.inputs[1]!, value, control, () => 0.5)).toBe(control === 'randomize' ? (2 ** 25 * 2 ** 27 + 2 ** 26) : want);
  });

  it('draw within 2^53 and the limits of the widget', () => {
    const width = fixtureSchema.get('EmptyLatentImage')!.inputs[0]!;
    for (const r of [0, 0.1, 0.999999]) {
      const drawn = Number(nextValue(width, 512, 'randomize', () => r));
      expect(drawn).toBeGreaterThanOrEqual(16);
      expect(drawn).toBeLessThanOrEqual(16384);
    }
    expect(nextValue(c.inputs[4]!, 'euler', 'increment')).toBe('heun');
    expect(nextValue(c.inputs[4]!, 'ddim', 'increment')).toBe('ddim');
  });
});

describe('edits', () => {
  it('share what they do not change', () => {
    const w = textToImage();
    const moved = moveNodes(w, null, new Map([[5, [1, 2] as const]]));
    expect(node(moved, 5).pos).toEqual([1, 2]);
    expect(node(moved, 4)).toBe(node(w, 4));
    expect(moveNodes(w, null, new Map([[5, node(w, 5).pos]]))).toBe(w);
    expect(editNodes(w, 'no such subgraph', [5], (n) => ({ ...n }))).toBe(w);
    expect(graphAt(w, 'no such subgraph')).toBeUndefined();
  });
});
