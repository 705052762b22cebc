import { pictureURL, type PictureRef } from '../server/picture';

/** What is painted of a picture so far, in its size: paint where its alpha lets nothing through. Throws where the picture cannot be read. */
export async function paintedOf(picture: PictureRef): Promise<ImageData> {
  const answer = await fetch(pictureURL(picture));
  if (!answer.ok) throw new Error(`${picture.filename} cannot be read: the server says ${answer.status}`);
  const bitmap = await createImageBitmap(await answer.blob());
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser has no 2D canvas');
  context.drawImage(bitmap, 0, 0);
  return paintedFrom(context.getImageData(0, 0, bitmap.width, bitmap.height));
}

/** The colour that masks are painted in, which few pictures have much of; only its alpha counts. */
export const paint = { css: 'rgb(255 0 200)', rgb: [255, 0, 200] } as const;

/** Paint, as much as each pixel of a picture is transparent. */
export function paintedFrom(picture: ImageData): ImageData {
  for (let i = 0; i < picture.data.length; i += 4) picture.data.set([...paint.rgb, 255 - (picture.data[i + 3] ?? 255)], i);
  return picture;
}

/** The file that carries a mask to the server: its alpha is opaque where nothing is painted, which is what LoadImage makes a mask of. */
export async function maskFile(painted: HTMLCanvasElement, name: string): Promise<File> {
  const { width, height } = painted;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser has no 2D canvas');
  context.fillRect(0, 0, width, height);
  context.globalCompositeOperation = 'destination-out';
  context.drawImage(painted, 0, 0);
  const stem = name.replace(/\.[^.]*$/, '');
  return new File([await canvas.convertToBlob({ type: 'image/png' })], `${stem}-mask.png`, { type: 'image/png' });
}
