/** A file that the server shows: one of the entries of `images` in what a node puts out. */
export type PictureRef = { readonly filename: string; readonly subfolder: string; readonly type: 'output' | 'input' | 'temp' };

/** The name under which two references are the same picture. */
export function pictureKey(p: PictureRef): string {
  return `${p.type}/${p.subfolder}/${p.filename}`;
}

/** The address of a picture; size asks for a small version in WebP that is quick to draw. */
export function pictureURL(p: PictureRef, small = false): string {
  const query = new URLSearchParams({ filename: p.filename, subfolder: p.subfolder, type: p.type });
  if (small) query.set('preview', 'webp;80');
  return `./api/view?${query}`;
}

/** The name by which LoadImage knows a picture: with its folder behind it where that is not input. */
export function inputName({ filename, subfolder, type }: PictureRef): string {
  const path = subfolder === '' ? filename : `${subfolder}/${filename}`;
  return type === 'input' ? path : `${path} [${type}]`;
}
