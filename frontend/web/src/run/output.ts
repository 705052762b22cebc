import { stringify } from '../json/text';
import { isList, isObject, type JsonObject } from '../json/value';
import type { PictureRef } from '../server/picture';
import type { NodeOutput } from './types';

/** Reads what a node put out: pictures are those of `images` and `gifs`, texts those of `text`. */
export function readOutput(output: JsonObject): NodeOutput {
  const pictures = Object.values(output).flatMap((value) => (isList(value) ? value : [])).flatMap((v) => readPicture(v) ?? []);
  const texts = (isList(output.text) ? output.text : []).map((t) => (typeof t === 'string' ? t : stringify(t)));
  return { pictures, texts, all: output };
}

function readPicture(v: unknown): PictureRef | null {
  if (!isObject(v)) return null;
  const { filename, subfolder, type } = v;
  if (typeof filename !== 'string' || (type !== 'output' && type !== 'input' && type !== 'temp')) return null;
  return { filename, subfolder: typeof subfolder === 'string' ? subfolder : '', type };
}
