import type { Json } from '../json/value';
import type { InputSchema } from '../schema/types';
import { pictureURL, type PictureRef } from '../server/picture';

/** The picture that a value names: "sub/name.png", or with its folder behind it, "name.png [output]". */
export function pictureOf(value: Json): PictureRef | null {
  if (typeof value !== 'string' || value === '') return null;
  const [, path = '', type = 'input'] = /^(.*?)(?: \[(input|output|temp)\])?$/.exec(value) ?? [];
  const cut = path.lastIndexOf('/');
  return { filename: path.slice(cut + 1), subfolder: cut < 0 ? '' : path.slice(0, cut), type: type as PictureRef['type'] };
}

/** The input by which nodes name a saved actor. */
const actorInput = 'actor_name';

/** The address of a small picture of a choice: of a picture itself or of an actor; null for everything else. */
export function previewOf(schema: InputSchema, choice: Json): string | null {
  if (schema.name === actorInput && typeof choice === 'string') return `./oneactor/actors/${encodeURIComponent(choice)}/thumbnail?format=webp&size=128`;
  const picture = schema.upload ? pictureOf(choice) : null;
  return picture && pictureURL(picture, true);
}
