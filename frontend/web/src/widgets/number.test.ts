import { describe, expect, it } from 'vitest';

import { fixtureSchema } from '../schema/fixture';
import { calculate } from './arithmetic';
import { addSteps, format, limit } from './number';

const input = (c: string, name: string) => fixtureSchema.get(c)!.inputs.find((i) => i.name === name)!;
const seed = input('KSampler', 'seed');
const cfg = input('KSampler', 'cfg');
const width = input('EmptyLatentImage', 'width');

describe('calculate', () => {
  it.each([
    ['42', 42], ['-3', -3], ['+7', 7], ['0.5', 0.5], ['.5', 0.5], ['1,5', 1.5], ['512*2', 1024], ['(1+2)*3', 9], ['2^3^2', 512], ['-2^2', -4], ['7%4', 3], ['10/4', 2.5],
    ['1 + 2 - 4', -1], ['1e3', 1000], ['--2', 2], ['18446744073709551615', 18446744073709551615n],
  ])('%s is %s', (text, want) => expect(calculate(text)).toBe(want));

  it.each(['', 'a', '1+', '(1', '1)', '1/0', '1 2', '2**3', 'alert(1)', '('.repeat(10000)])('%.20s is no number', (text) => expect(calculate(text)).toBeNull());
});

describe('steps', () => {
  it.each([
    [seed, 5, 1, false, 6], [seed, 18446744073709551615n, 1, false, 18446744073709551615n], [seed, 9007199254740991, 2, false, 9007199254740993n], [seed, 0, -1, false, 0],
    [cfg, 8, 1, false, 8.1], [cfg, 8, 3, false, 8.3], [cfg, 8, 1, true, 8.01], [cfg, 0.1, -5, false, 0], [width, 512, 1, false, 520], [width, 16384, 4, false, 16384],
    [cfg, 'no number', 1, false, 0.1],
  ] as const)('%#', (schema, value, steps, fine, want) => expect(addSteps(schema, value, steps, fine)).toBe(want));

  it('stay within limits, and whole where they must be', () => {
    expect(limit(width, 3)).toBe(16);
    expect(limit(width, 512.4)).toBe(512);
    expect(limit(cfg, 1e9)).toBe(100);
    expect(limit(seed, -5)).toBe(0);
  });
});

describe('format', () => {
  it.each([[cfg, 8, '8.00'], [cfg, 7.123, '7.123'], [width, 512, '512'], [seed, 18446744073709551615n, '18446744073709551615']] as const)('%#', (schema, value, want) =>
    expect(format(schema, value)).toBe(want));
});
