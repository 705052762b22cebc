import { describe, expect, it } from 'vitest';

import { fixtureSchema } from '../schema/fixture';
import { readSchema } from '../schema/read';
import { insertActor } from './actor';
import { textToImage } from './fixture';
import { empty, nodeMap } from './graph';
import { withSavedActor } from './save_actor';
import type { Id, Workflow } from './types';

const schema = new Map([...fixtureSchema, ...readSchema({
  LoadActor: { input: { required: { actor_name: [['cat.safetensors', 'robot.safetensors']] }, optional: { model: ['MODEL'] } }, output: ['ACTOR', 'PROJECTOR'], output_name: ['ACTOR', 'PROJECTOR'] },
  ApplyActor: { input: { required: { conditioning: ['CONDITIONING'], actor: ['ACTOR'], v: ['FLOAT', { default: 0.8 }] } }, output: ['CONDITIONING', 'CONDITIONING'], output_name: ['positive', 'cluster'] },
  SaveActor: { input: { required: { actor: ['ACTOR'], name: ['STRING', { default: 'actor' }] } }, output: [], output_node: true },
})]);

/** What feeds each input of a node: "name=origin:output". */
const feeds = (w: Workflow, id: Id) => w.links.filter((l) => l.target_id === id).map((l) => `${nodeMap(w).get(id)?.inputs[l.target_slot]?.name ?? '?'}=${l.origin_id}:${l.origin_slot}`).sort();

describe('insertActor', () => {
  it('wires the actor between the prompt and the sampler', () => {
    const { workflow, ids } = insertActor(textToImage(), null, schema, 'robot.safetensors', [0, 0])!;
    expect(ids).toEqual([8, 9]);
    expect(nodeMap(workflow).get(8)?.widgets_values).toEqual(['robot.safetensors']);
    expect(feeds(workflow, 8)).toEqual(['model=1:0']);
    expect(feeds(workflow, 9)).toEqual(['actor=8:0', 'conditioning=2:0']);
    expect(feeds(workflow, 5)).toEqual(['latent_image=4:0', 'model=1:0', 'negative=3:0', 'positive=9:0']);
  });

  it('covers no node that was there', () => {
    const { workflow, ids } = insertActor(textToImage(), null, schema, 'robot.safetensors', [0, 0])!;
    const [, apply] = ids.map((id) => nodeMap(workflow).get(id)!);
    const sampler = nodeMap(workflow).get(5)!;
    expect(sampler.pos[0]).toBeGreaterThan(apply!.pos[0] + apply!.size[0]);
  });

  it('takes a second actor behind the first', () => {
    const one = insertActor(textToImage(), null, schema, 'robot.safetensors', [0, 0])!.workflow;
    const { workflow } = insertActor(one, null, schema, 'cat.safetensors', [0, 0])!;
    expect(feeds(workflow, 11)).toEqual(['actor=10:0', 'conditioning=9:0']);
    expect(feeds(workflow, 5)).toContain('positive=11:0');
  });

  it('waits to be linked where nothing samples', () => {
    const { workflow } = insertActor(empty, null, schema, 'cat.safetensors', [10, 20])!;
    expect(workflow.nodes.map((n) => n.type)).toEqual(['LoadActor', 'ApplyActor']);
    expect(workflow.nodes[0]?.pos).toEqual([10, 20]);
    expect(feeds(workflow, 2)).toEqual(['actor=1:0']);
  });

  it('is not there on another server', () => expect(insertActor(empty, null, fixtureSchema, 'cat', [0, 0])).toBeNull());
});

describe('withSavedActor', () => {
  const base = insertActor(textToImage(), null, schema, 'robot.safetensors', [0, 0])!.workflow;

  it('adds what saves, once', () => {
    const first = withSavedActor(base, null, schema, 8, 'hazel')!;
    expect(nodeMap(first.workflow).get(first.id)?.widgets_values).toEqual(['hazel']);
    expect(feeds(first.workflow, first.id)).toEqual(['actor=8:0']);
    const again = withSavedActor(first.workflow, null, schema, 8, 'bilbo')!;
    expect(again.id).toBe(first.id);
    expect(nodeMap(again.workflow).get(again.id)?.widgets_values).toEqual(['bilbo']);
    expect(again.workflow.nodes.length).toBe(first.workflow.nodes.length);
  });

  it.each([[5], [99]])('does nothing for node %s, which has no actor', (id) => expect(withSavedActor(base, null, schema, id, 'x')).toBeNull());
});
