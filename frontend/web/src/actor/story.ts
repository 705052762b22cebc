/** A scene as a line of StorybookScenes has it: what happens, words for people, and a seed of its own (runtime/actor/story.go). */
export type Scene = { readonly prompt: string; readonly caption: string | null; readonly seed: bigint | null };

/** Reads the scenes of a story. Lines that are notes (#) stay in place: they come back as they are. */
export function readStory(text: string): (Scene | string)[] {
  return text.split('\n').map((line) => {
    const trimmed = line.trim();
    return trimmed === '' || trimmed.startsWith('#') ? line : readScene(trimmed);
  });
}

function readScene(line: string): Scene {
  const own = /\|\s*seed\s+(\d+)\s*$/.exec(line);
  const rest = own ? line.slice(0, own.index) : line;
  const cut = rest.indexOf('|');
  return {
    prompt: (cut < 0 ? rest : rest.slice(0, cut)).trim(),
    caption: cut < 0 ? null : rest.slice(cut + 1).trim(),
    seed: own?.[1] === undefined ? null : BigInt(own[1]),
  };
}

export function writeStory(lines: readonly (Scene | string)[]): string {
  return lines.map((l) => (typeof l === 'string' ? l : writeScene(l))).join('\n');
}

function writeScene({ prompt, caption, seed }: Scene): string {
  return [prompt, ...(caption === null ? [] : [caption]), ...(seed === null ? [] : [`seed ${seed}`])].join(' | ');
}

/** The scenes alone, each with the place of its line. */
export function scenesOf(lines: readonly (Scene | string)[]): { line: number; scene: Scene }[] {
  return lines.flatMap((scene, line) => (typeof scene === 'string' ? [] : [{ line, scene }]));
}
