import { describe, expect, it } from 'vitest';

import { advance, amend, begin, redo, settle, undo } from './history';

describe('history', () => {
  it('goes back and forth', () => {
    const h = advance(advance(begin(1), 2, 'two'), 3, 'three');
    expect(undo(h).now).toBe(2);
    expect(undo(undo(h)).now).toBe(1);
    expect(undo(undo(undo(h))).now).toBe(1);
    expect(redo(redo(undo(undo(h)))).now).toBe(3);
    expect(redo(h)).toBe(h);
    expect(undo(h).future.at(-1)?.label).toBe('three');
  });

  it('forgets what was taken back when something else is done', () => {
    const h = advance(undo(advance(begin(1), 2, 'two')), 9, 'nine');
    expect(h.future).toEqual([]);
    expect(undo(h).now).toBe(1);
  });

  it('joins the edits of one gesture', () => {
    let h = begin(0);
    for (let i = 1; i <= 50; i++) h = advance(h, i, 'drag', 'steps of node 5');
    expect(h.past.length).toBe(1);
    expect(undo(h).now).toBe(0);
    h = advance(settle(h), 99, 'drag', 'steps of node 5');
    expect(undo(h).now).toBe(50);
  });

  it('does not join across an undo', () => {
    const h = undo(advance(advance(begin(0), 1, 'a', 'k'), 2, 'b'));
    expect(undo(advance(h, 5, 'c', 'k')).now).toBe(1);
  });

  it('amends without a step, and ignores what changes nothing', () => {
    const h = amend(advance(begin(1), 2, 'two'), 3);
    expect(h.now).toBe(3);
    expect(undo(h).now).toBe(1);
    expect(advance(h, 3, 'same')).toBe(h);
  });

  it('is bounded', () => {
    let h = begin(0);
    for (let i = 1; i <= 2000; i++) h = advance(h, i, 'step');
    expect(h.past.length).toBe(500);
  });
});
