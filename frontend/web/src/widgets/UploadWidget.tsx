import { useRef, useState, type ClipboardEvent, type DragEvent } from 'react';

import { MaskPainter } from '../pictures/MaskPainter';
import { inputName, pictureURL } from '../server/picture';
import { ServerError } from '../server/request';
import { uploadPicture } from '../server/upload';
import { Button, IconButton } from '../ui/Button';
import { ComboWidget } from './ComboWidget';
import { pictureOf } from './preview';
import type { WidgetProps } from './types';
import styles from './widgets.module.css';

/** A picture of the input folder: choose one, upload one, or drop or paste it. */
export function UploadWidget(props: WidgetProps) {
  const { schema, value, onChange, onSettle } = props;
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const send = async (f: File | undefined) => {
    if (f === undefined) return;
    setBusy(true);
    setProblem(null);
    try {
      onChange(inputName(await uploadPicture(f)));
      onSettle();
    } catch (e) {
      setProblem(e instanceof ServerError ? `${e.message} ${e.details}` : String(e));
    } finally {
      setBusy(false);
    }
  };
  const picture = pictureOf(value);
  const [painting, setPainting] = useState(false);
  return (
    <div
      className={styles.upload} onDragOver={(e: DragEvent) => e.dataTransfer.types.includes('Files') && e.preventDefault()}
      onDrop={(e: DragEvent) => {
        if (e.dataTransfer.files.length === 0) return;
        e.preventDefault();
        e.stopPropagation();
        void send(e.dataTransfer.files[0]);
      }}
      onPaste={(e: ClipboardEvent) => void send(e.clipboardData.files[0])}
    >
      <div className={styles.row}>
        <ComboWidget {...props} />
        <IconButton className="nodrag" icon="upload" label={`upload a picture for ${schema.name}`} disabled={busy} onClick={() => file.current?.click()} />
        <input ref={file} type="file" accept="image/*" hidden onChange={(e) => void send(e.target.files?.[0])} />
      </div>
      {problem && <p role="alert" className={styles.problem}>{problem}</p>}
      {picture && <img className={styles.picture} src={pictureURL(picture, true)} alt={picture.filename} draggable={false} loading="lazy" />}
      {picture && <Button className="nodrag" onClick={() => setPainting(true)}>Paint a mask</Button>}
      {picture && painting && (
        <MaskPainter
          picture={picture} onClose={() => setPainting(false)}
          onSave={(masked) => {
            onChange(inputName(masked));
            onSettle();
          }}
        />
      )}
    </div>
  );
}
