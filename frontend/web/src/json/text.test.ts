import { describe, expect, it } from 'vitest';

import { parse, stringify } from './text';

describe('parse', () => {
  it.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['18446744073709551615', 18446744073709551615n],
    ['-9223372036854775808', -9223372036854775808n],
    ['1.5', 1.5],
    ['1e400', Infinity],
    ['"18446744073709551615"', '18446744073709551615'],
    ['[1,[2,{"a":null}],true]', [1, [2, { a: null }], true]],
  ])('%s', (text, want) => expect(parse(text)).toEqual(want));

  it.each(['', '{', '[1,]', '{"a":1,}', 'NaN', '01', '"\u0001"'])('refuses %j', (text) => {
    expect(() => parse(text)).toThrow(SyntaxError);
  });

  it('keeps a key that is special in JavaScript out of prototypes', () => {
    const value = parse('{"__proto__":{"polluted":1},"b":2}') as { b: number; polluted?: number };
    expect(value.polluted).toBeUndefined();
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('stringify', () => {
  it.each(['{"seed":18446744073709551615,"cfg":7.5,"list":[1,null,"a\\nb"]}', '[]', '""', '-0.1'])('gives back %s', (text) => {
    expect(stringify(parse(text))).toBe(text);
  });

  it('indents', () => expect(stringify({ a: [1] }, 2)).toBe('{\n  "a": [\n    1\n  ]\n}'));
});
