import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { StringDecoder } from 'node:string_decoder';
import { BasculeError } from '../core/kernel/errors.ts';
import type { ErrorReport, FieldsGiven, Operation, Results, StatusDocument } from '../wire/control.ts';
import { answerSchema, MAX_LINE_BYTES, PROTOCOL } from '../wire/control.ts';
import { LineSplitter } from '../wire/lines.ts';

/** What the daemon refused, as it said it. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly code: string;
  readonly remedy: string;

  constructor({ code, message, remedy }: ErrorReport) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly event: ((event: unknown) => void) | null;
}

/** Every operation answers at once: those that take long only begin then. */
const ANSWER_MS = 30_000;
/** An answer holds a whole centre or ten thousand calls: wider than what the daemon accepts. */
const MAX_ANSWER = 16 * MAX_LINE_BYTES;

const accountName = (): string => {
  try {
    return userInfo().username;
  } catch {
    // An account number without a name, as in a container.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
};

/** A connection to the daemon. */
export class Client {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #lines = new LineSplitter(MAX_ANSWER);
  readonly #decoder = new StringDecoder('utf8');
  readonly #by = accountName();
  readonly #gone: Promise<void>;
  #next = 1;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    this.#gone = new Promise((resolve) => {
      socket.on('close', () => {
        const waiting = [...this.#waiting.values()];
        this.#waiting.clear();
        for (const { reject } of waiting) reject(new BasculeError('DMN_LOST'));
        resolve();
      });
    });
  }

  /** Throws BasculeError DMN_NOT_RUNNING or DMN_SOCKET. */
  static connect(path: string): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        resolve(new Client(socket));
      });
      socket.once('error', (cause: NodeJS.ErrnoException) => {
        const nobody = cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED';
        const detail = cause.code ?? cause.message;
        reject(
          nobody
            ? new BasculeError('DMN_NOT_RUNNING', { socket: path }, { cause })
            : new BasculeError('DMN_SOCKET', { socket: path, detail }, { cause }),
        );
      });
    });
  }

  /** Asks and waits for the answer. Throws RefusedError for what the daemon refuses, BasculeError DMN_LOST when it goes away. */
  async request<Op extends Exclude<Operation, 'watch'>>(op: Op, fields: FieldsGiven<Op>): Promise<Results[Op]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new BasculeError('DMN_FAILED', { detail: 'it has not answered for 30 s' })), ANSWER_MS);
    });
    try {
      return (await Promise.race([this.#send(op, fields, null), late])) as Results[Op];
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives every state that the daemon sends; resolves when the connection ends. */
  async watch(event: (status: StatusDocument) => void): Promise<void> {
    try {
      await this.#send('watch', {}, (status) => event(status as StatusDocument));
    } catch (error) {
      if (!(error instanceof BasculeError && error.code === 'DMN_LOST')) throw error;
    }
  }

  /** Resolves when the daemon has closed the connection: on stop, when it has ended. */
  gone(): Promise<void> {
    return this.#gone;
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(op: Operation, fields: unknown, event: Waiting['event']): Promise<unknown> {
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new BasculeError('DMN_LOST'));
        return;
      }
      this.#waiting.set(id, { resolve, reject, event });
      this.#socket.write(`${JSON.stringify({ v: PROTOCOL, id, op, by: this.#by, fields })}\n`);
    });
  }

  #read(chunk: string | Buffer): void {
    const lines = this.#lines.push(this.#decoder.write(chunk));
    if (lines === null) {
      this.#socket.destroy();
      return;
    }
    for (const line of lines) this.#take(line);
  }

  #take(line: string): void {
    let answer: ReturnType<typeof answerSchema.parse>;
    try {
      answer = answerSchema.parse(JSON.parse(line));
    } catch {
      // Whoever listens there is no daemon of ours.
      this.#socket.destroy();
      return;
    }
    const waiting = this.#waiting.get(answer.id);
    if (answer.kind === 'event') {
      waiting?.event?.(answer.event);
      return;
    }
    this.#waiting.delete(answer.id);
    if (answer.kind === 'error') waiting?.reject(new RefusedError(answer.error));
    else waiting?.resolve(answer.result);
  }
}
