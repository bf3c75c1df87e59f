import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../src/core/kernel/errors.ts';

const root = join(import.meta.dirname, '..');

interface Source {
  readonly path: string;
  readonly lines: readonly string[];
}

const read = (patterns: string[]): Source[] =>
  globSync(patterns, { cwd: root, exclude: (path) => path.includes('node_modules') })
    .sort()
    .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').replace(/\n$/, '').split('\n') }));

const product = read(['src/**/*.ts']);
const everything = [
  ...product,
  ...read(['test/**/*.ts', 'scripts/*', '*.ts']).filter(({ path }) => path !== 'test/tidy.test.ts'),
];

/** `path:line` of every line that matches. */
const places = (sources: readonly Source[], pattern: RegExp): string[] =>
  sources.flatMap(({ path, lines }) => lines.flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])));

const inLayers = (...layers: string[]): Source[] =>
  product.filter(({ path }) => layers.some((layer) => path.startsWith(`src/${layer}/`)));

/** Longer than a head, each with its reason. Kept empty if at all possible. */
const LONGER_THAN_USUAL: ReadonlySet<string> = new Set([]);
const LONGEST_FILE = 450;

describe('tidy', () => {
  it('the core reads no clock and no chance', () => {
    expect(places(inLayers('core'), /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bperformance\.now\b/)).toEqual([]);
  });

  it('files fit a head', () => {
    const long = product.filter(({ path, lines }) => lines.length > LONGEST_FILE && !LONGER_THAN_USUAL.has(path));
    expect(long.map(({ path, lines }) => `${path}: ${lines.length} lines`)).toEqual([]);
  });

  it('nothing is left for later', () => {
    expect(places(everything, /\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
  });

  it('comments are sentences, not banners', () => {
    expect(places(everything, /^\s*(\/\/|\/\*+|\*|#)\s*[-=*#~─━═]{4,}/)).toEqual([]);
  });

  it('only commands and the composition root write to the terminal', () => {
    const others = product.filter(({ path }) => !path.startsWith('src/cli/') && !path.startsWith('src/main/'));
    expect(places(others, /\bconsole\.\w+\(/)).toEqual([]);
  });

  it('every error of the table can happen', () => {
    const table = 'src/core/kernel/errors.ts';
    const code = product.filter(({ path }) => path !== table).flatMap(({ lines }) => lines);
    expect(Object.keys(ERRORS).filter((error) => !code.some((line) => line.includes(`'${error}'`)))).toEqual([]);
  });

  it('the lock file names every optional package, else npm ci refuses it on other platforms or registries', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
    };
    const named = Object.keys(lock.packages);
    const wanted = Object.values(lock.packages).flatMap((one) => Object.keys(one.optionalDependencies ?? {}));
    expect(wanted.filter((name) => !named.some((path) => path.endsWith(`node_modules/${name}`)))).toEqual([]);
  });

  it('no test is focused and left so', () => {
    expect(places(everything, /\b(describe|it|test)\.only\(/)).toEqual([]);
  });
});
