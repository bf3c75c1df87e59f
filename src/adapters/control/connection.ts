import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { ControlHandlers, Envelope, Operation } from '../../wire/control.ts';
import { envelopeSchema, errorReport, fieldsOf, MAX_LINE_BYTES, PROTOCOL } from '../../wire/control.ts';
import { check } from '../../wire/issues.ts';
import { LineSplitter } from '../../wire/lines.ts';

const MAX_PENDING = 16;
const IDLE_MS = 300_000;
/** A watcher that does not read is spared further events rather than buffered for. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;
/** On stop, for a client that does not read its last answer. */
const END_MS = 500;

type AnyHandler = (fields: unknown, by: string) => unknown;

const requestError = (detail: string): BasculeError => new BasculeError('DMN_REQUEST', { detail });

/** Number and version of a request that is wrong otherwise, so that its answer finds its way. */
const idOf = (request: unknown): number => {
  const id = typeof request === 'object' && request !== null && 'id' in request ? request.id : null;
  return typeof id === 'number' && Number.isSafeInteger(id) ? id : 0;
};

const parseEnvelope = (request: unknown): Envelope => {
  const version = typeof request === 'object' && request !== null && 'v' in request ? request.v : undefined;
  if (version !== PROTOCOL)
    throw requestError(`it is of protocol ${String(version).slice(0, 20)}, this daemon speaks ${PROTOCOL}`);
  const checked = check(envelopeSchema, request);
  if (checked.ok) return checked.value;
  const [{ key, detail }] = checked.problems;
  throw requestError(`${key} ${detail}`);
};

/** One client of the local socket. */
export class Connection {
  readonly #socket: Socket;
  readonly #handlers: ControlHandlers;
  readonly #log: Log;
  readonly #lines = new LineSplitter(MAX_LINE_BYTES);
  readonly #decoder = new StringDecoder('utf8');
  readonly #watches = new Set<number>();
  #pending = 0;

  constructor(socket: Socket, { handlers, log }: { readonly handlers: ControlHandlers; readonly log: Log }, closed: () => void) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#log = log;
    socket.setTimeout(IDLE_MS, () => {
      if (!this.watching && this.#pending === 0) socket.destroy();
    });
    socket.on('data', (chunk) => this.#read(chunk));
    // A client that went away is its own business.
    socket.on('error', () => socket.destroy());
    socket.on('close', closed);
  }

  get watching(): boolean {
    return this.#watches.size > 0;
  }

  /** `status` is JSON already: it is the same for every watcher. */
  show(status: string): void {
    if (this.#socket.writableLength > MAX_UNREAD_BYTES) return;
    for (const id of this.#watches) this.#write(`{"kind":"event","v":${PROTOCOL},"id":${id},"event":${status}}\n`);
  }

  end(): void {
    this.#watches.clear();
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), END_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #read(chunk: string | Buffer): void {
    const lines = this.#lines.push(this.#decoder.write(chunk));
    if (lines === null) {
      this.#fail(0, requestError(`a line is longer than ${MAX_LINE_BYTES} bytes`));
      this.end();
      return;
    }
    for (const line of lines) if (line.trim() !== '') void this.#answer(line);
  }

  async #answer(line: string): Promise<void> {
    let request: unknown;
    try {
      request = JSON.parse(line);
    } catch {
      this.#fail(0, requestError('it is not JSON'));
      return;
    }
    const id = idOf(request);
    if (this.#pending >= MAX_PENDING) {
      this.#fail(id, new BasculeError('DMN_CAPACITY', { what: 'One connection', limit: MAX_PENDING }));
      return;
    }
    this.#pending += 1;
    try {
      await this.#perform(id, parseEnvelope(request));
    } catch (error) {
      this.#fail(id, error);
    } finally {
      this.#pending -= 1;
    }
  }

  async #perform(id: number, { op, by, fields }: Envelope): Promise<void> {
    const checked = check(fieldsOf(op), fields ?? {});
    if (!checked.ok) {
      const [{ key, detail }] = checked.problems;
      throw requestError(`${key} ${detail}`);
    }
    if (op === 'watch') {
      this.#watches.add(id);
      const status = JSON.stringify(await this.#handlers.status({}, by));
      this.#write(`{"kind":"event","v":${PROTOCOL},"id":${id},"event":${status}}\n`);
      return;
    }
    const result = await this.#call(op, checked.value, by);
    this.#write(`${JSON.stringify({ kind: 'result', v: PROTOCOL, id, result: result ?? null })}\n`);
  }

  /** The fields were validated by this operation's own schema, which is what its handler takes. */
  async #call(op: Exclude<Operation, 'watch'>, fields: unknown, by: string): Promise<unknown> {
    return await (this.#handlers[op] as AnyHandler)(fields, by);
  }

  #fail(id: number, error: unknown): void {
    const known =
      error instanceof BasculeError ? error : new BasculeError('DMN_FAILED', { detail: String(error) }, { cause: error });
    if (known !== error) {
      const stack = error instanceof Error ? error.stack : String(error);
      this.#log.log('error', 'A control request failed', { error: stack });
    }
    this.#write(`${JSON.stringify({ kind: 'error', v: PROTOCOL, id, error: errorReport(known) })}\n`);
  }

  #write(text: string): void {
    if (this.#socket.writable) this.#socket.write(text);
  }
}
