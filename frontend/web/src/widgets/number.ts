import type { Json } from '../json/value';
import type { InputSchema } from '../schema/types';

/** A number as widgets hold it: bigint where a double would round. */
type Exact = number | bigint;

/** The number that a value is; 0 for what is none. */
export function numberOf(value: Json): Exact {
  return typeof value === 'number' || typeof value === 'bigint' ? value : 0;
}

/** The value after some steps up or down; fine takes a tenth of a step where the type has fractions. */
export function addSteps(schema: InputSchema, value: Json, steps: number, fine = false): Exact {
  const now = numberOf(value);
  if (schema.type === 'INT') return limit(schema, BigInt(now) + BigInt(Math.round(steps)) * BigInt(Math.max(1, Math.round(option(schema, 'step', 1)))));
  const step = option(schema, 'step', 0.01) / (fine ? 10 : 1);
  return limit(schema, Number(now) + steps * step);
}

/** The nearest value that the widget takes: within its limits, whole or rounded. */
export function limit(schema: InputSchema, value: Exact): Exact {
  const { min, max } = schema.options;
  if (schema.type === 'INT') {
    let exact = typeof value === 'bigint' ? value : BigInt(Math.round(value));
    if (isNumber(min) && exact < min) exact = BigInt(Math.ceil(Number(min)));
    if (isNumber(max) && exact > max) exact = typeof max === 'bigint' ? max : BigInt(Math.floor(max));
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
  }
  let number = Number(value);
  if (isNumber(min)) number = Math.max(Number(min), number);
  if (isNumber(max)) number = Math.min(Number(max), number);
  return roundTo(number, digits(schema) + 1);
}

/** The number in words: fractions with as many digits as a step has. */
export function format(schema: InputSchema, value: Json): string {
  const number = numberOf(value);
  if (typeof number === 'bigint' || schema.type === 'INT') return String(number);
  const shown = number.toFixed(digits(schema));
  return Number(shown) === number ? shown : String(number);
}

/** Digits behind the point, as ComfyUI's editor takes them from round or step. */
function digits(schema: InputSchema): number {
  const unit = option(schema, 'round', 0) || option(schema, 'step', 0.01);
  return Math.min(10, Math.max(0, -Math.floor(Math.log10(unit))));
}

function roundTo(value: number, places: number): number {
  return Number(value.toFixed(Math.min(12, places + 2)));
}

function option(schema: InputSchema, name: string, otherwise: number): number {
  const value = schema.options[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

function isNumber(value: Json | undefined): value is Exact {
  return typeof value === 'number' || typeof value === 'bigint';
}
