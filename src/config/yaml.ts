import { readFileSync } from 'node:fs';
import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';
import { BasculeError } from '../core/kernel/errors.ts';

/** A YAML file as plain data, that still knows on which line each key is. */
export interface YamlFile {
  readonly file: string;
  readonly data: unknown;
  /** Line (from 1) of the key at `path`, or of its nearest parent that the file has. */
  lineOf(path: readonly (string | number)[]): number;
}

/** A configuration is a few kilobytes; a whole centre a few megabytes. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_ALIASES = 100;

/**
 * YAML reads 0123456789 as a number without its zero and +33 as 33: as telephone numbers they are others.
 * What begins so, or is too long to be an exact number, is kept as the text it was written as.
 */
const keepTexts = (document: Document): void => {
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value !== 'number' || node.type !== 'PLAIN' || node.source === undefined) return;
      if (/^(\+|0\d)/.test(node.source) || (/^\d+$/.test(node.source) && node.source.length > 15)) node.value = node.source;
    },
  });
};

const startOf = (node: unknown): number | null => (isNode(node) && node.range ? node.range[0] : null);

/** Offset of the key at `path`; of the deepest part of it that exists. */
const offsetOf = (document: Document, path: readonly (string | number)[]): number => {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
};

const firstLine = (message: string): string => (message.split('\n')[0] ?? message).replace(/ at line \d+, column \d+:?$/, '');

/** Parses YAML text; `file` is only named in errors. Throws BasculeError CFG_YAML with the line. */
export const parseYaml = (text: string, file: string): YamlFile => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = error.linePos?.[0].line ?? 1;
    throw new BasculeError('CFG_YAML', { file, line, detail: firstLine(error.message) });
  }
  keepTexts(document);
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
  } catch (cause) {
    throw new BasculeError(
      'CFG_YAML',
      { file, line: 1, detail: cause instanceof Error ? firstLine(cause.message) : String(cause) },
      { cause },
    );
  }
  return { file, data, lineOf: (path) => lines.linePos(offsetOf(document, path)).line };
};

/** Reads and parses a file. Throws BasculeError CFG_NOT_FOUND, CFG_UNREADABLE or CFG_YAML. */
export const readYaml = (file: string): YamlFile => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new BasculeError('CFG_NOT_FOUND', { file }, { cause });
    throw new BasculeError('CFG_UNREADABLE', { file, detail: code ?? message }, { cause });
  }
  if (Buffer.byteLength(text) > MAX_BYTES) throw new BasculeError('CFG_UNREADABLE', { file, detail: 'it is larger than 16 MB' });
  return parseYaml(text, file);
};
