/**
 * Says whether a link can carry one type to the other. A type may name several, separated by commas, and * is every one;
 * case does not count (ComfyUI's LiteGraph, isValidConnection).
 */
export function fits(from: string, to: string): boolean {
  if (isAny(from) || isAny(to) || from === to) return true;
  const wanted = to.toLowerCase().split(',').map((t) => t.trim());
  return from.toLowerCase().split(',').some((t) => wanted.includes(t.trim()));
}

function isAny(type: string): boolean {
  return type === '*' || type === '' || type === '0';
}

/** Colours of sockets, as artists know them from ComfyUI; the others get one from their name. */
const colours: Readonly<Record<string, string>> = {
  MODEL: '#b39ddb', CLIP: '#ffd500', VAE: '#ff6e6e', CONDITIONING: '#ffa931', LATENT: '#ff9cf9', IMAGE: '#64b5f6', MASK: '#81c784',
  CONTROL_NET: '#6ee7b7', CLIP_VISION: '#a8dadc', CLIP_VISION_OUTPUT: '#ad7452', STYLE_MODEL: '#c2ffae', GUIDER: '#66ffff', NOISE: '#b0b0b0',
  SAMPLER: '#ecb4b4', SIGMAS: '#cdffcd', UPSCALE_MODEL: '#9fa8da', CLUSTER: '#f0883e', ACTOR: '#ffb347', PROJECTOR: '#d2a679',
  INT: '#7fd1ae', FLOAT: '#9ad17f', STRING: '#d1c77f', BOOLEAN: '#d19a7f', COMBO: '#a9b4c0',
};

export function socketColour(type: string): string {
  const known = colours[type.toUpperCase()];
  if (known) return known;
  if (isAny(type)) return '#9a9a9a';
  let hash = 0;
  for (const c of type) hash = (hash * 31 + (c.codePointAt(0) ?? 0)) % 360;
  return `hsl(${hash} 55% 68%)`;
}

/** A second mark beside the colour, for those who do not tell colours apart. */
export type SocketShape = 'circle' | 'square' | 'diamond' | 'ring';

const shapes: Readonly<Record<string, SocketShape>> = {
  IMAGE: 'square', MASK: 'square', LATENT: 'square', ACTOR: 'diamond', CLUSTER: 'diamond', PROJECTOR: 'diamond', INT: 'ring', FLOAT: 'ring', STRING: 'ring',
  BOOLEAN: 'ring', COMBO: 'ring',
};

export function socketShape(type: string): SocketShape {
  return shapes[type.toUpperCase()] ?? 'circle';
}
