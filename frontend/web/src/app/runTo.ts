import type { Schema } from '../schema/types';

/** A prompt as it is sent: nodes by id. */
export type Prompt = { readonly [id: string]: { readonly class_type: string; readonly inputs: { readonly [name: string]: unknown } } };

/**
 * The prompt and the output nodes to run so that the given nodes have run and nothing behind them has. A node that neither saves nor shows
 * anything gets one behind it that does: a picture is shown, of anything else its text. An id that is a subgraph's stands for all inside.
 */
export function runOnlyTo(prompt: Prompt, ids: readonly string[], schema: Schema): { prompt: Prompt; targets: string[] } {
  const wanted = Object.keys(prompt).filter((id) => ids.some((t) => id === t || id.startsWith(`${t}:`)));
  const added: Record<string, Prompt[string]> = {};
  const targets = wanted.flatMap((id) => {
    const c = schema.get(prompt[id]?.class_type ?? '');
    if (c === undefined || c.outputNode) return [id];
    if (c.outputs.length === 0) return [];
    const picture = c.outputs.findIndex((o) => o.type === 'IMAGE');
    const shown = `${id}-shown`;
    added[shown] = picture < 0 ? { class_type: 'PreviewAny', inputs: { source: [id, 0] } } : { class_type: 'PreviewImage', inputs: { images: [id, picture] } };
    return [shown];
  });
  return { prompt: { ...prompt, ...added }, targets };
}
