import { isInteger, parse as parseLossless, stringify as stringifyLossless } from 'lossless-json';

import type { Json } from './value';

/** Reads JSON text. Whole numbers that a double would round become bigint, so that 64-bit seeds survive. Throws SyntaxError. */
export function parse(text: string): Json {
  return parseLossless(text, undefined, readNumber) as Json;
}

function readNumber(digits: string): number | bigint {
  const value = Number(digits);
  return isInteger(digits) && !Number.isSafeInteger(value) ? BigInt(digits) : value;
}

/** Writes JSON text; indent is the number of spaces, 0 puts all on one line. */
export function stringify(value: Json, indent = 0): string {
  // undefined is the text of functions and symbols only, which Json does not have.
  return stringifyLossless(value, undefined, indent) ?? 'null';
}
