import { findHeader } from './scan.ts';
import { LIMITS } from './limits.ts';

export interface FrameHandlers {
  /** One whole message. The bytes are valid only during the call. */
  message(bytes: Buffer): void;
  /** A double CRLF: a ping to be answered with one CRLF (RFC 5626 §4.4.1). */
  ping(): void;
  /** A single CRLF: the answer to ours. */
  pong(): void;
}

const CR = 13;
const LF = 10;
const END_OF_HEADERS = Buffer.from('\r\n\r\n');

/**
 * Cuts a stream into messages by Content-Length (RFC 3261 §18.3), which on a stream is not optional: without it the
 * message ends with its header. Work is linear however the bytes are cut up.
 */
export class Framer {
  private readonly handlers: FrameHandlers;
  private buffer = Buffer.allocUnsafe(4_096);
  private start = 0;
  private end = 0;
  /** How far the search for the end of the header has come. */
  private searched = 0;
  /** Size of the message at `start` once its header is complete, else 0. */
  private expected = 0;
  private crlfBefore = false;

  constructor(handlers: FrameHandlers) {
    this.handlers = handlers;
  }

  /** False when the stream makes no sense any more: the connection must be closed, as nothing after can be trusted. */
  push(chunk: Buffer): boolean {
    this.append(chunk);
    while (this.end > this.start) {
      if (this.expected === 0) {
        const lead = this.skipLineEnds();
        if (lead === 'wait') return true;
        if (lead === 'again') continue;
        const size = this.measure();
        if (size === undefined) return false;
        if (size === 0) return true;
        this.expected = size;
      }
      if (this.end - this.start < this.expected) return true;
      const message = this.buffer.subarray(this.start, this.start + this.expected);
      this.start += this.expected;
      this.searched = this.start;
      this.expected = 0;
      this.crlfBefore = false;
      this.handlers.message(message);
    }
    this.start = this.end = this.searched = 0;
    return true;
  }

  private append(chunk: Buffer): void {
    const needed = this.end - this.start + chunk.length;
    if (this.end + chunk.length > this.buffer.length) {
      const target = needed > this.buffer.length ? Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2)) : this.buffer;
      this.buffer.copy(target, 0, this.start, this.end);
      this.searched -= this.start;
      this.end -= this.start;
      this.start = 0;
      this.buffer = target;
    }
    chunk.copy(this.buffer, this.end);
    this.end += chunk.length;
  }

  /** RFC 3261 §7.5: line ends before a start line are ignored; RFC 5626 gives them their meaning as keep-alives. */
  private skipLineEnds(): 'wait' | 'again' | 'message' {
    if (this.buffer[this.start] !== CR) return 'message';
    const available = this.end - this.start;
    if (available < 2) return 'wait';
    if (this.buffer[this.start + 1] !== LF) return 'message';
    const double = available >= 4 && this.buffer[this.start + 2] === CR && this.buffer[this.start + 3] === LF;
    this.start += double ? 4 : 2;
    this.searched = this.start;
    // The halves of a ping may come in two segments: the second half is one, too. An answer too many does no harm.
    if (double || this.crlfBefore) this.handlers.ping();
    else this.handlers.pong();
    this.crlfBefore = !double && !this.crlfBefore;
    return 'again';
  }

  /** Bytes of the message at `start`; 0 while its header is incomplete; undefined when it is too large or malformed. */
  private measure(): number | undefined {
    const from = Math.max(this.start, this.searched - 3);
    const found = this.buffer.subarray(from, this.end).indexOf(END_OF_HEADERS);
    if (found < 0) {
      this.searched = this.end;
      return this.end - this.start > LIMITS.messageBytes ? undefined : 0;
    }
    const head = this.buffer.toString('latin1', this.start, from + found + 4);
    const span = findHeader(head, 'content-length', 'l');
    const written = span === undefined ? '0' : head.slice(span.start, span.end).trim();
    if (!/^\d{1,6}$/.test(written)) return undefined;
    const size = head.length + Number(written);
    return size > LIMITS.messageBytes ? undefined : size;
  }
}
