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
