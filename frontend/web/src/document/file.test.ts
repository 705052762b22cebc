import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { parse, stringify } from '../json/text';
import { isList, isObject, type Json } from '../json/value';
import { NoWorkflowError, read } from './read';
import { write } from './write';

const root = join(import.meta.dirname, '../../../..');
const folders = [join(root, 'workflows'), join(root, '../shared/comfyui-workflows')].filter((dir) => existsSync(dir));
const files = folders.flatMap((dir) => readdirSync(dir).filter((f) => f.endsWith('.json') && !f.includes('.prompt.')).map((f) => join(dir, f)));

/** Paths at which a copy lacks or changes something of the original. Positions may have become lists. */
function lost(before: Json, after: Json | undefined, path = ''): string[] {
  if (isObject(before) && isList(after)) return lost(Object.values(before), after, path);
  if (isList(before)) return before.flatMap((v, i) => lost(v, isList(after) ? after[i] : undefined, `${path}[${i}]`));
  if (isObject(before)) return Object.entries(before).flatMap(([k, v]) => lost(v, isObject(after) ? after[k] : undefined, `${path}.${k}`));
  return before === after ? [] : [`${path}: ${stringify(before)} became ${stringify(after ?? null)}`];
}

describe('files', () => {
  it('are found', () => expect(files.length).toBeGreaterThanOrEqual(11));

  it.each(files)('%s comes back with everything in it', (file) => {
    const json = parse(readFileSync(file, 'utf8'));
    expect(lost(json, parse(stringify(write(read(json)))))).toEqual([]);
  });

  it('keep keys that nobody knows, 64-bit seeds and links of both forms', () => {
    const text =
      '{"nodes":[{"id":1,"type":"X","pos":{"0":1,"1":2},"size":[3,4],"mode":0,"flags":{},"inputs":[{"name":"a","type":"INT","link":null,"odd":1}],"outputs":[],' +
      '"properties":{},"widgets_values":[18446744073709551615],"mine":{"deep":[1]}}],"links":[[1,2,0,1,0,"INT"]],"groups":[],"extra":{"ds":{"scale":1.5}},"later":"x","version":0.4}';
    expect(stringify(write(read(parse(text))))).toBe(text.replace('{"0":1,"1":2}', '[1,2]'));
    const one = '{"nodes":[],"links":[{"id":1,"origin_id":2,"origin_slot":0,"target_id":1,"target_slot":0,"type":"INT","parentId":7}],"groups":[],"version":1,"reroutes":[{"id":7}]}';
    expect(stringify(write(read(parse(one))))).toBe(
      one.replace('"groups":[],"version":1,"reroutes":[{"id":7}]', '"groups":[],"version":1,"reroutes":[{"id":7}]'),
    );
  });

  it.each<[string, string, RegExp]>([
    ['a number', '1', /no list of nodes/],
    ['a prompt', '{"3":{"class_type":"KSampler","inputs":{}}}', /no list of nodes/],
    ['a node without id', '{"nodes":[{"type":"X"}]}', /Node 0 .* no id/],
    ['twice one id', '{"nodes":[{"id":1,"type":"X"},{"id":1,"type":"Y"}]}', /Two nodes .* id 1/],
  ])('refuse %s', (_, text, why) => {
    expect(() => read(parse(text))).toThrow(NoWorkflowError);
    expect(() => read(parse(text))).toThrow(why);
  });

  it('draw what little an old file has', () => {
    const w = read(parse('{"nodes":[{"id":1,"type":"X"}]}'));
    expect(w.nodes[0]).toMatchObject({ pos: [0, 0], size: [225, 80], inputs: [], outputs: [], mode: 0 });
    expect(w.links).toEqual([]);
  });
});
