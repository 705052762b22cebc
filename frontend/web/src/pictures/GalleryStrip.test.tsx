import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';

import type { PictureRef } from '../server/picture';
import { GalleryStrip } from './GalleryStrip';

afterEach(cleanup);

const picture = (n: number): PictureRef => ({ filename: `${n % 2 ? 'robot' : 'cat'}_${n}.png`, subfolder: '', type: 'output' });

describe('GalleryStrip', () => {
  it('leaves the pictures with all the words, and opens them among those', () => {
    const onOpen = vi.fn();
    render(<GalleryStrip pictures={Array.from({ length: 12 }, (_, i) => picture(i))} onOpen={onOpen} />);
    fireEvent.change(screen.getByRole('searchbox', { name: 'Filter pictures' }), { target: { value: 'ROBOT 1' } });
    expect(screen.getAllByRole('button').map((b) => b.title)).toEqual(['robot_1.png', 'robot_11.png']);
    fireEvent.click(screen.getByRole('button', { name: 'open robot_11.png' }));
    expect(onOpen).toHaveBeenCalledWith(picture(11), [picture(1), picture(11)]);
  });

  it('says when nothing is left, and has no filter for a few', () => {
    const { rerender } = render(<GalleryStrip pictures={Array.from({ length: 9 }, (_, i) => picture(i))} onOpen={vi.fn()} />);
    fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'dog' } });
    screen.getByText(/None of 9 pictures/);
    rerender(<GalleryStrip pictures={[picture(0)]} onOpen={vi.fn()} />);
    expect(screen.queryByRole('searchbox')).toBeNull();
  });
});
