/** Cuts what arrives on a stream into lines; a line may come in pieces, and several at once. */
export class LineSplitter {
  #pieces: string[] = [];
  #length = 0;
  readonly #limit: number;

  /** `limit`: longest line in characters. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The lines that are complete with `chunk`, or null when one is longer than the limit: the stream is then of no more use. */
  push(chunk: string): readonly string[] | null {
    const parts = chunk.split('\n');
    const lines: string[] = [];
    for (const [index, part] of parts.entries()) {
      this.#length += part.length;
      if (this.#length > this.#limit) return null;
      this.#pieces.push(part);
      if (index === parts.length - 1) break;
      lines.push(this.#pieces.join(''));
      this.#pieces = [];
      this.#length = 0;
    }
    return lines;
  }
}
