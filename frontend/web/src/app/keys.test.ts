import { expect, it } from 'vitest';

import { keysOf } from './keys';

it.each<[string, KeyboardEventInit]>([
  ['Ctrl+Enter', { key: 'Enter', ctrlKey: true }], ['Ctrl+Shift+Enter', { key: 'Enter', ctrlKey: true, shiftKey: true }], ['Ctrl+Z', { key: 'z', metaKey: true }],
  ['Ctrl+Shift+Z', { key: 'Z', ctrlKey: true, shiftKey: true }], ['Alt+C', { key: 'c', altKey: true }], ['F', { key: 'f' }], ['.', { key: '.' }],
  ['Shift+ArrowLeft', { key: 'ArrowLeft', shiftKey: true }], ['?', { key: '?', shiftKey: true }],
])('%s', (want, init) => expect(keysOf(new KeyboardEvent('keydown', init))).toBe(want));
