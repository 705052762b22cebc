import type { Json } from '../json/value';

/** A colour as browsers write it, #rrggbb, of a number 0xrrggbb or of a text; black for anything else. */
export function colourText(value: Json): string {
  if (typeof value === 'number' || typeof value === 'bigint') return `#${(Number(value) & 0xffffff).toString(16).padStart(6, '0')}`;
  if (typeof value !== 'string') return '#000000';
  const digits = /^#?([\da-f]{3}|[\da-f]{6})$/i.exec(value.trim())?.[1]?.toLowerCase();
  if (digits === undefined) return '#000000';
  return `#${digits.length === 3 ? digits.replace(/./g, '$&$&') : digits}`;
}

/** The same colour as a widget of that type keeps it. */
export function colourValue(text: string, type: string): Json {
  return type === 'INT' ? parseInt(text.slice(1), 16) : text;
}
