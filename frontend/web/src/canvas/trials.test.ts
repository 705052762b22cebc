import { describe, expect, it } from 'vitest';

import { textToImage } from '../document/fixture';
import type { GraphNode } from '../document/types';
import { fixtureSchema } from '../schema/fixture';
import type { NodeClass } from '../schema/types';
import { idle } from '../run/change';
import { trialOf, withTrial, type Trial } from './trials';

const picture = (filename: string) => ({ filename, subfolder: '', type: 'output' as const });
const trial = (values: string, filename: string): Trial => ({ values, picture: picture(filename) });

describe('the last two trials', () => {
  it.each<[string, Trial[], Trial, Trial[]]>([
    ['the first', [], trial('v 1', 'a'), [trial('v 1', 'a')]],
    ['other values', [trial('v 1', 'a')], trial('v 2', 'b'), [trial('v 2', 'b'), trial('v 1', 'a')]],
    ['a third', [trial('v 2', 'b'), trial('v 1', 'a')], trial('v 3', 'c'), [trial('v 3', 'c'), trial('v 2', 'b')]],
    ['the same values, another seed', [trial('v 2', 'b'), trial('v 1', 'a')], trial('v 2', 'c'), [trial('v 2', 'c'), trial('v 1', 'a')]],
    ['a run that made nothing new', [trial('v 2', 'b')], trial('v 3', 'b'), [trial('v 2', 'b')]],
  ])('%s', (_, list, next, want) => expect(withTrial(list, next)).toEqual(want));
});

describe('what came of a node', () => {
  const apply: NodeClass = {
    name: 'ApplyActor', title: 'Apply Actor', category: 'oneactor', description: '', outputs: [], outputNode: false, deprecated: false, experimental: false, virtual: false,
    inputs: [{ name: 'v', type: 'FLOAT', optional: false, widget: true, choices: [], initial: 0.8, control: false, upload: false, tooltip: '', options: {} }],
  };
  const schema = new Map([...fixtureSchema, ['ApplyActor', apply]]);
  const w = textToImage();
  const as = (type: string): GraphNode => ({ ...(w.nodes[1] as GraphNode), type, widgets_values: [0.5] }); // in the place of a prompt

  it('is the nearest picture behind it', () => {
    const runs = new Map([['7', { ...idle, output: { pictures: [picture('seven')], texts: [], all: {} } }]]);
    expect(trialOf(as('ApplyActor'), w, null, runs, schema)).toEqual(trial('v 0.5', 'seven'));
    expect(trialOf(as('ApplyActor'), w, null, new Map(), schema)).toBeNull();
    expect(trialOf(as('CLIPTextEncode'), w, null, runs, schema)).toBeNull();
  });
});
