import { Dialog } from 'radix-ui';
import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';

import { pictureURL, type PictureRef } from '../server/picture';
import { uploadMask } from '../server/upload';
import { Button, IconButton } from '../ui/Button';
import { maskFile, paint, paintedOf } from './mask';
import styles from './MaskPainter.module.css';

type Props = { readonly picture: PictureRef; readonly onSave: (masked: PictureRef) => void; readonly onClose: () => void };

type Spot = { readonly x: number; readonly y: number };

/** Strokes that can be taken back. */
const undoSteps = 30;

/** Paints what is to be drawn anew: the result is a copy of the picture whose alpha is the mask, as LoadImage reads it. */
export function MaskPainter({ picture, onSave, onClose }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useRef<Spot | null>(null);
  const past = useRef<ImageData[]>([]);
  const [size, setSize] = useState(64);
  const [erase, setErase] = useState(false);
  const [changed, setChanged] = useState(false);
  const [reminded, setReminded] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [ready, setReady] = useState(false);

  useEffect(() => {
    let gone = false;
    paintedOf(picture).then(
      (painted) => {
        const c = canvas.current;
        if (gone || c === null) return;
        [c.width, c.height] = [painted.width, painted.height];
        context(c).putImageData(painted, 0, 0);
        setSize(Math.max(8, Math.round(Math.max(painted.width, painted.height) / 12)));
        setReady(true);
      },
      (e: unknown) => !gone && setProblem(e instanceof Error ? e.message : String(e)),
    );
    return () => {
      gone = true;
    };
  }, [picture]);

  const keep = (c: HTMLCanvasElement) => {
    past.current = [...past.current.slice(1 - undoSteps), context(c).getImageData(0, 0, c.width, c.height)];
    setChanged(true);
  };
  const undo = () => {
    const before = past.current.pop();
    if (canvas.current && before) context(canvas.current).putImageData(before, 0, 0);
  };
  const clear = () => {
    const c = canvas.current;
    if (c === null) return;
    keep(c);
    context(c).clearRect(0, 0, c.width, c.height);
  };
  const stroke = (e: PointerEvent<HTMLCanvasElement>) => {
    const c = e.currentTarget;
    if (last.current === null) return;
    const to = spot(c, e);
    const pen = context(c);
    pen.globalCompositeOperation = erase || e.buttons === 2 ? 'destination-out' : 'source-over';
    [pen.lineWidth, pen.lineCap, pen.lineJoin, pen.strokeStyle] = [size, 'round', 'round', paint.css];
    pen.beginPath();
    pen.moveTo(last.current.x, last.current.y);
    pen.lineTo(to.x, to.y);
    pen.stroke();
    last.current = to;
  };
  const begin = (e: PointerEvent<HTMLCanvasElement>) => {
    if (!ready) return;
    keep(e.currentTarget);
    e.currentTarget.setPointerCapture(e.pointerId);
    last.current = spot(e.currentTarget, e);
    stroke(e);
  };
  const end = () => {
    last.current = null;
  };
  const save = async () => {
    const c = canvas.current;
    if (c === null) return;
    setProblem(null);
    try {
      onSave(await uploadMask(await maskFile(c, picture.filename), picture));
      onClose();
    } catch (e) {
      setProblem(e instanceof Error ? e.message : String(e));
    }
  };
  const keys = (e: KeyboardEvent) => {
    e.stopPropagation(); // the canvas behind has keys of its own
    if (e.key === '[') setSize((s) => Math.max(1, Math.round(s / 1.25)));
    else if (e.key === ']') setSize((s) => Math.min(1024, Math.round(s * 1.25) + 1));
    else if (e.key === 'z' && (e.ctrlKey || e.metaKey)) undo();
    else if (e.key === 'x') setErase(!erase);
    else return;
    e.preventDefault();
  };
  const leave = () => (changed ? setReminded(true) : onClose());

  return (
    <Dialog.Root open onOpenChange={(open) => !open && leave()}>
      <Dialog.Portal>
        <Dialog.Overlay className={styles.overlay} />
        <Dialog.Content className={styles.painter} onKeyDown={keys} aria-describedby={undefined}>
          <header className={styles.bar}>
            <Dialog.Title className={styles.title}>Paint what is to be drawn anew</Dialog.Title>
            <label>
              Brush{' '}
              <input type="range" min={1} max={512} value={size} onChange={(e) => setSize(e.target.valueAsNumber)} /> {size} px
            </label>
            <Button aria-pressed={erase} onClick={() => setErase(!erase)} title="x, or the right mouse button">Erase</Button>
            <Button onClick={undo} title="Ctrl+Z">Undo</Button>
            <Button onClick={clear}>Clear</Button>
            <Button kind="primary" disabled={!ready} onClick={() => void save()}>Save the mask</Button>
            <IconButton icon="close" label="close" onClick={leave} />
          </header>
          {problem && <p role="alert" className={styles.notice}>{problem}</p>}
          {reminded && (
            <p role="alert" className={styles.notice}>
              The mask is not saved. <Button kind="danger" onClick={onClose}>Discard it</Button> <Button onClick={() => setReminded(false)}>Go on painting</Button>
            </p>
          )}
          <div className={styles.stage}>
            <img src={`${pictureURL(picture)}&channel=rgb`} alt={picture.filename} draggable={false} />
            <canvas
              ref={canvas} aria-label="mask" onContextMenu={(e) => e.preventDefault()}
              onPointerDown={begin} onPointerMove={stroke} onPointerUp={end} onPointerCancel={end}
            />
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function context(c: HTMLCanvasElement): CanvasRenderingContext2D {
  const made = c.getContext('2d', { willReadFrequently: true });
  if (made === null) throw new Error('this browser has no 2D canvas');
  return made;
}

/** Where a pointer is, in pixels of the picture, which is fitted into the middle of its box. */
function spot(c: HTMLCanvasElement, e: PointerEvent): Spot {
  const box = c.getBoundingClientRect();
  const scale = Math.min(box.width / c.width, box.height / c.height);
  const from = (side: number, pixels: number) => (side - pixels * scale) / 2;
  return { x: (e.clientX - box.left - from(box.width, c.width)) / scale, y: (e.clientY - box.top - from(box.height, c.height)) / scale };
}
