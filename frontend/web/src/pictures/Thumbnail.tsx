import { useState } from 'react';

import { pictureURL, type PictureRef } from '../server/picture';
import { Icon } from '../ui/Icon';

/** A picture in small. One that is gone (those that were only shown go when the server ends) is a mark. */
export function Thumbnail({ picture, alt = '' }: { picture: PictureRef; alt?: string }) {
  const [gone, setGone] = useState(false);
  if (gone) return <span title={`${picture.filename} is no longer there`}><Icon name="image" /></span>;
  return <img src={pictureURL(picture, true)} alt={alt} draggable={false} loading="lazy" onError={() => setGone(true)} />;
}
