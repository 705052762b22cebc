import type { GraphNode } from '../document/types';

/** The colours that a file gives a node, with text that can be read on them; they are the same in dark and light. */
export function coloursOf({ color, bgcolor }: GraphNode): Record<string, string> {
  return {
    ...(color ? { '--header': color, '--header-text': readable(color) } : {}),
    ...(bgcolor ? { '--body': bgcolor, '--body-text': readable(bgcolor) } : {}),
  };
}

/** Black or white, whichever is further from a colour; #rgb and #rrggbb are understood, and what is not counts as dark. */
export function readable(colour: string): string {
  const short = /^#([\da-f])([\da-f])([\da-f])$/i.exec(colour);
  const hex = short ? `#${short.slice(1).map((c) => c + c).join('')}` : colour;
  const [, r = '0', g = '0', b = '0'] = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})/i.exec(hex) ?? [];
  // Relative luminance (WCAG 2): the two contrasts are equal at 0.179.
  const linear = [r, g, b].map((c) => (parseInt(c, 16) / 255) ** 2.2);
  const luminance = 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0);
  return luminance > 0.179 ? '#1a1a1a' : '#f2f2f2';
}

/** The palette of node colours that ComfyUI's menu offers. */
export const nodeColours: readonly { readonly name: string; readonly color: string; readonly bgcolor: string }[] = [
  { name: 'red', color: '#322', bgcolor: '#533' }, { name: 'brown', color: '#332922', bgcolor: '#593930' }, { name: 'green', color: '#232', bgcolor: '#353' },
  { name: 'blue', color: '#223', bgcolor: '#335' }, { name: 'pale blue', color: '#2a363b', bgcolor: '#3f5159' }, { name: 'cyan', color: '#233', bgcolor: '#355' },
  { name: 'purple', color: '#323', bgcolor: '#535' }, { name: 'yellow', color: '#432', bgcolor: '#653' }, { name: 'black', color: '#222', bgcolor: '#000' },
];
