import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, describe, expect, it, vi } from 'vitest';

import type { Json } from '../json/value';
import { fixtureSchema } from '../schema/fixture';
import { ControlButton } from './ControlButton';
import { ValueWidget } from './widgets';

Element.prototype.scrollIntoView = () => undefined; // jsdom draws nothing
Element.prototype.setPointerCapture = () => undefined;
vi.stubGlobal('ResizeObserver', class { observe() { /* nothing changes its size */ } unobserve() { /* as above */ } disconnect() { /* as above */ } });
afterEach(cleanup);

const input = (c: string, name: string) => fixtureSchema.get(c)!.inputs.find((i) => i.name === name)!;

/** A widget that keeps its value, as a node does. */
function show(c: string, name: string, initial: Json) {
  const seen = vi.fn<(v: Json) => void>();
  const settled = vi.fn();
  function Keeper() {
    const [value, setValue] = useState(initial);
    return <ValueWidget schema={input(c, name)} value={value} onSettle={settled} onChange={(v) => {
      seen(v);
      setValue(v);
    }} />;
  }
  render(<Keeper />);
  return { seen, settled, user: userEvent.setup() };
}

describe('a number', () => {
  it('goes up and down by keys', async () => {
    const { seen, user } = show('KSampler', 'steps', 20);
    screen.getByRole('spinbutton', { name: 'steps' }).focus();
    await user.keyboard('{ArrowUp}{ArrowUp}{ArrowDown}{PageUp}');
    expect(seen.mock.calls.map(([v]) => v)).toEqual([21, 22, 21, 31]);
  });

  it('is dragged sideways, and back to where it was', () => {
    const { seen, settled } = show('KSampler', 'cfg', 8);
    const bar = screen.getByRole('spinbutton');
    fireEvent.pointerDown(bar, { clientX: 100, button: 0, pointerId: 1 });
    fireEvent.pointerMove(bar, { clientX: 130, pointerId: 1 });
    fireEvent.pointerMove(bar, { clientX: 100, pointerId: 1 });
    fireEvent.pointerUp(bar, { pointerId: 1 });
    expect(seen.mock.calls.map(([v]) => v)).toEqual([8.5, 8]);
    expect(settled).toHaveBeenCalledOnce();
  });

  it.each([['512*2{Enter}', 1024], ['99999{Enter}', 16384], ['3{Escape}', undefined], ['nonsense{Enter}', undefined]])('takes what is typed: %s', async (typed, want) => {
    const { seen, user } = show('EmptyLatentImage', 'width', 512);
    screen.getByRole('spinbutton').focus();
    await user.keyboard('{Enter}');
    await user.clear(screen.getByRole('textbox', { name: 'width' }));
    await user.keyboard(typed);
    expect(seen.mock.lastCall?.[0]).toBe(want);
  });

  it('says that a text is no number', async () => {
    const { user } = show('EmptyLatentImage', 'width', 512);
    screen.getByRole('spinbutton').focus();
    await user.keyboard('{Enter}abc');
    expect(screen.getByRole('textbox').getAttribute('aria-invalid')).toBe('true');
  });

  it('keeps all digits of a seed', async () => {
    const { seen, user } = show('KSampler', 'seed', 18446744073709551614n);
    expect(screen.getByRole('spinbutton').textContent).toContain('18446744073709551614');
    screen.getByRole('spinbutton').focus();
    await user.keyboard('{ArrowUp}');
    expect(seen).toHaveBeenCalledWith(18446744073709551615n);
  });
});

describe('a drop-down', () => {
  it('filters as one types, and takes the first', async () => {
    const { seen, user } = show('KSampler', 'sampler_name', 'euler');
    await user.click(screen.getByRole('button', { name: 'sampler_name euler' }));
    await user.keyboard('ddi');
    expect(screen.getAllByRole('option').map((o) => o.textContent)).toEqual(['ddim']);
    await user.keyboard('{Enter}');
    expect(seen).toHaveBeenCalledExactlyOnceWith('ddim');
    expect(screen.queryByRole('listbox')).toBeNull();
  });

  it('says that its value is not there', () => {
    show('CheckpointLoaderSimple', 'ckpt_name', 'gone.safetensors');
    expect(screen.getByRole('button').title).toMatch(/gone.safetensors is not here/);
  });

  it('says that nothing fits', async () => {
    const { user } = show('KSampler', 'sampler_name', 'euler');
    await user.click(screen.getByRole('button'));
    await user.keyboard('zzz');
    expect(screen.getByText('Nothing fits.')).toBeTruthy();
  });
});

describe('a text', () => {
  it('has many lines where it is meant to', async () => {
    const { seen, settled, user } = show('CLIPTextEncode', 'text', '');
    await user.type(screen.getByRole('textbox', { name: 'text' }), 'a{Enter}b');
    expect(seen.mock.lastCall?.[0]).toBe('a\nb');
    await user.tab();
    expect(settled).toHaveBeenCalled();
  });

  it('has one line elsewhere', () => {
    show('SaveImage', 'filename_prefix', 'x');
    expect(screen.getByRole('textbox').tagName).toBe('INPUT');
  });
});

it('what becomes of a seed is chosen from a menu', async () => {
  const chosen = vi.fn();
  const user = userEvent.setup();
  render(<ControlButton name="seed" value="randomize" choices={['fixed', 'randomize']} onChange={chosen} />);
  screen.getByRole('button', { name: 'after a run, seed is: randomize' }).focus();
  await user.keyboard('{Enter}');
  await user.click(await screen.findByRole('menuitem', { name: 'fixed' }));
  expect(chosen).toHaveBeenCalledExactlyOnceWith('fixed');
});

it('a type that can only be wired has no widget', () => {
  const { container } = render(<ValueWidget schema={input('KSampler', 'model')} value={null} onChange={vi.fn()} onSettle={vi.fn()} />);
  expect(container.innerHTML).toBe('');
});
