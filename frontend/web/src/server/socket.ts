import { parse } from '../json/text';
import { isObject } from '../json/value';
import type { Messages } from './gen_wire';

/** One message of the websocket. */
export type Message = { [T in keyof Messages]: { readonly type: T; readonly data: Messages[T] } }[keyof Messages];

/** A picture of what a node is working on. */
export type Preview = { readonly promptId: string; readonly nodeId: string; readonly picture: Blob };

/** A line of a node about its progress. */
type NodeText = { readonly nodeId: string; readonly text: string };

export type Listener = {
  readonly message: (m: Message) => void;
  readonly preview: (p: Preview) => void;
  readonly text: (t: NodeText) => void;
  /** The connection is there, or was lost; it is made again without asking. */
  readonly connected: (is: boolean) => void;
};

/** The shortest and longest time between attempts, in milliseconds. */
const shortest = 250;
const longest = 10_000;

/** Listens to the server, and goes on after the connection was lost. The result ends it. */
export function listen(clientId: string, listener: Listener, open: (url: string) => WebSocket = (url) => new WebSocket(url)): () => void {
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let ended = false;

  const connect = () => {
    clearTimeout(timer);
    const s = open(address(clientId));
    socket = s;
    s.binaryType = 'arraybuffer';
    s.onopen = () => {
      failures = 0;
      s.send(JSON.stringify({ type: 'feature_flags', data: { supports_preview_metadata: true } }));
      listener.connected(true);
    };
    s.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => receive(data, listener);
    s.onclose = () => {
      if (ended || socket !== s) return;
      if (failures === 0) listener.connected(false);
      // Some chance in it, so that many pages do not come back in the same moment.
      timer = setTimeout(connect, Math.min(longest, shortest * 2 ** failures++) * (0.5 + Math.random()));
    };
  };
  const retry = () => {
    if (!ended && socket?.readyState !== WebSocket.OPEN) connect();
  };
  window.addEventListener('online', retry);
  connect();
  return () => {
    ended = true;
    clearTimeout(timer);
    window.removeEventListener('online', retry);
    socket?.close();
  };
}

function address(clientId: string): string {
  const url = new URL(`./ws?clientId=${encodeURIComponent(clientId)}`, document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

function receive(data: string | ArrayBuffer, listener: Listener): void {
  if (typeof data !== 'string') {
    receiveBinary(data, listener);
    return;
  }
  const message = parse(data);
  if (isObject(message) && typeof message.type === 'string' && isObject(message.data)) listener.message(message as unknown as Message);
}

const previewWithMetadata = 4;
const text = 3;

/** Frames are a code, the length of a header, the header, and the rest (contract 2.4). */
function receiveBinary(frame: ArrayBuffer, listener: Listener): void {
  if (frame.byteLength < 8) return;
  const view = new DataView(frame);
  const code = view.getUint32(0);
  const length = view.getUint32(4);
  if (8 + length > frame.byteLength) return;
  const header = new TextDecoder().decode(new Uint8Array(frame, 8, length));
  const rest = frame.slice(8 + length);
  if (code === text) listener.text({ nodeId: header, text: new TextDecoder().decode(rest) });
  if (code !== previewWithMetadata) return;
  const about = parse(header);
  if (!isObject(about)) return;
  const [promptId, nodeId, type] = [about.prompt_id, about.display_node_id ?? about.node_id, about.image_type];
  if (typeof promptId !== 'string' || typeof nodeId !== 'string') return;
  listener.preview({ promptId, nodeId, picture: new Blob([rest], { type: typeof type === 'string' ? type : 'image/jpeg' }) });
}

/** Who this page is: the same after a reload, so that it finds its run again, and another one in every tab. */
export function ownClientId(): string {
  const key = 'oneactor.client';
  const known = sessionStorage.getItem(key);
  if (known) return known;
  const made = randomId();
  sessionStorage.setItem(key, made);
  return made;
}

/** An id that nobody else has. randomUUID exists on encrypted pages only, and studios open this one by http. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}
