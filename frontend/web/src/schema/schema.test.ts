import { describe, expect, it } from 'vitest';

import { fixtureSchema } from './fixture';
import { readSchema } from './read';
import { searchNodes } from './search';
import { fits, socketColour } from './socket';

describe('readSchema', () => {
  it('reads widgets, sockets and controls', () => {
    const sampler = fixtureSchema.get('KSampler')!;
    expect(sampler.inputs.filter((i) => i.widget).map((i) => i.name)).toEqual(['seed', 'steps', 'cfg', 'sampler_name', 'scheduler', 'denoise']);
    expect(sampler.inputs.filter((i) => i.control).map((i) => i.name)).toEqual(['seed']);
    expect(sampler.inputs[4]).toMatchObject({ type: 'COMBO', choices: ['euler', 'heun', 'ddim'], initial: 'euler' });
    expect(sampler.inputs[0]).toMatchObject({ type: 'MODEL', widget: false });
  });

  it.each([
    ['forceInput', ['INT', { forceInput: true }], { widget: false }],
    ['a combo by name', ['COMBO', { options: ['a', 'b'] }], { type: 'COMBO', choices: ['a', 'b'], initial: 'a', widget: true }],
    ['widgetType', ['CUSTOM', { widgetType: 'STRING' }], { type: 'STRING', widget: true }],
    ['an upload', [['x.png'], { image_upload: true }], { upload: true }],
    ['no options', ['FLOAT'], { initial: 0, widget: true }],
    ['an empty drop-down', [[]], { type: 'COMBO', initial: null }],
  ])('%s', (_, spec, want) => {
    expect(readSchema({ X: { input: { required: { a: spec as never } } } }).get('X')?.inputs[0]).toMatchObject(want);
  });

  it('keeps to input_order', () => {
    const c = readSchema({ X: { input: { required: { b: ['INT'], a: ['INT'] }, optional: { c: ['INT'] } }, input_order: { required: ['a', 'b'] } } }).get('X');
    expect(c?.inputs.map((i) => [i.name, i.optional])).toEqual([['a', false], ['b', false], ['c', true]]);
  });

  it.each([null, 5, [], { X: 1 }, { Y: { input: { required: { a: 'INT' } } } }])('survives %j', (info) => {
    expect(readSchema(info).has('Note')).toBe(true);
  });
});

describe('fits', () => {
  it.each([
    ['MODEL', 'MODEL', true], ['MODEL', 'CLIP', false], ['*', 'CLIP', true], ['MODEL', '*', true], ['INT,FLOAT', 'FLOAT', true], ['FLOAT', 'INT,FLOAT', true],
    ['image', 'IMAGE', true], ['INT', 'FLOAT', false],
  ])('%s to %s', (from, to, want) => expect(fits(from, to)).toBe(want));

  it('gives unknown types a colour of their own', () => expect(socketColour('MY_TYPE')).not.toBe(socketColour('OTHER')));
});

describe('searchNodes', () => {
  const names = (...args: Parameters<typeof searchNodes>) => searchNodes(...args).map((c) => c.name);

  it.each([
    ['ksampler', 'KSampler'], ['ksa', 'KSampler'], ['prompt', 'CLIPTextEncode'], ['clip text', 'CLIPTextEncode'], ['checkpoint', 'CheckpointLoaderSimple'],
    ['vae dec', 'VAEDecode'], ['save', 'SaveImage'], ['note', 'Note'],
  ])('%s finds %s first', (text, want) => expect(names(fixtureSchema, text)[0]).toBe(want));

  it('finds what takes an open link, exact types first', () => {
    expect(names(fixtureSchema, '', { side: 'output', type: 'LATENT' }).slice(0, 2).sort()).toEqual(['KSampler', 'VAEDecode']);
    expect(names(fixtureSchema, '', { side: 'input', type: 'MODEL' })[0]).toBe('CheckpointLoaderSimple');
    expect(names(fixtureSchema, '', { side: 'input', type: 'MODEL' })).not.toContain('KSampler');
  });

  it('puts what is used often first', () => expect(names(fixtureSchema, '', null, { VAEDecode: 10 })[0]).toBe('VAEDecode'));
  it('finds nothing where nothing fits', () => expect(names(fixtureSchema, 'zzzzqqq')).toEqual([]));
});
