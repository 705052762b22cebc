import { parse, stringify } from '../json/text';
import { isObject, type Json, type JsonObject } from '../json/value';

/** What the server said was wrong, or that it did not answer. */
export class ServerError extends Error {
  override readonly name = 'ServerError';

  constructor(
    message: string,
    /** 0 where there was no answer at all. */
    readonly status: number,
    readonly type: string,
    /** More words: where it is wrong, and what to do. */
    readonly details: string,
    /** The whole answer. */
    readonly body: JsonObject,
  ) {
    super(message);
  }

  get unreachable(): boolean {
    return this.status === 0;
  }
}

type Options = { readonly method?: string; readonly json?: unknown; readonly body?: BodyInit; readonly signal?: AbortSignal };

/** Asks the server; path is relative to the page. The answer is JSON whose whole numbers are exact. Throws ServerError, or what signal says. */
export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const text = await requestText(path, options);
  return (text === '' ? null : parse(text)) as T;
}

/** Asks the server, as request does, for a text of any kind. */
export async function requestText(path: string, { method, json, body, signal }: Options = {}): Promise<string> {
  const init: RequestInit = { method: method ?? (json === undefined && body === undefined ? 'GET' : 'POST') };
  if (json !== undefined) {
    init.body = stringify(json as Json);
    init.headers = { 'Content-Type': 'application/json' };
  } else if (body !== undefined) init.body = body;
  if (signal) init.signal = signal;
  let answer: Response;
  try {
    answer = await fetch(`.${path}`, init);
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ServerError('The server does not answer.', 0, 'unreachable', `Is oneactor running? What you made is kept here. (${String(cause)})`, {});
  }
  const text = await answer.text();
  if (!answer.ok) throw readError(answer, text);
  return text;
}

/** Errors are objects with type, message and details, or plain texts on routes of ComfyUI. */
function readError(answer: Response, text: string): ServerError {
  let body: JsonObject = {};
  try {
    const json = parse(text);
    if (isObject(json)) body = json;
  } catch {
    // A plain text says it itself.
  }
  const error = isObject(body.error) ? body.error : {};
  const said = (key: string) => (typeof error[key] === 'string' ? error[key] : '');
  const plain = typeof body.error === 'string' ? body.error : Object.keys(body).length > 0 ? '' : text.slice(0, 500);
  return new ServerError(said('message') || plain || `${answer.status} ${answer.statusText}`, answer.status, said('type'), said('details'), body);
}
