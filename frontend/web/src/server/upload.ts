import type { Uploaded } from './gen_wire';
import type { PictureRef } from './picture';
import { request } from './request';

/** Puts a picture into the input folder; another one of the same name is kept. Throws ServerError. */
export async function uploadPicture(file: File): Promise<PictureRef> {
  const form = new FormData();
  form.append('image', file);
  const { name, subfolder } = await request<Uploaded>('/api/upload/image', { body: form });
  return { filename: name, subfolder, type: 'input' };
}

/** Puts a copy of a picture into the input folder whose alpha is that of mask, which has its size. Throws ServerError. */
export async function uploadMask(mask: File, of: PictureRef): Promise<PictureRef> {
  const form = new FormData();
  form.append('image', mask);
  form.append('subfolder', 'clipspace');
  form.append('original_ref', JSON.stringify(of));
  const { name, subfolder } = await request<Uploaded>('/api/upload/mask', { body: form });
  return { filename: name, subfolder, type: 'input' };
}
