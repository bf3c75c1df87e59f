/**
 * `npm run bench -- NAME [--json] [--option=value …]`: runs one benchmark against the real daemon. The last line printed is one
 * JSON object; without --json it is also said in words what it means.
 */
import { existsSync, globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

export type Report = Readonly<Record<string, unknown>>;
export type Options = ReadonlyMap<string, number>;

/** What a file of this folder exports to be a benchmark. `say` tells how it goes on, on the standard error. */
export interface Benchmark {
  readonly run: (options: Options, say: (line: string) => void) => Promise<Report>;
}

const NOT_BENCHMARKS: ReadonlySet<string> = new Set(['run', 'figures', 'load']);

const { positionals, tokens } = parseArgs({ strict: false, allowPositionals: true, tokens: true });
const [name = ''] = positionals;
const file = join(import.meta.dirname, `${name}.ts`);
const names = globSync('*.ts', { cwd: import.meta.dirname })
  .map((path) => basename(path, '.ts'))
  .filter((each) => !NOT_BENCHMARKS.has(each))
  .sort();

if (!names.includes(name) || !existsSync(file)) {
  console.error(`Which benchmark? One of: ${names.join(', ')}. For example: npm run bench -- ${names[0] ?? 'calls'} --json`);
  process.exit(64);
}

const options = new Map<string, number>();
let json = false;
for (const token of tokens) {
  if (token.kind !== 'option') continue;
  if (token.name === 'json') json = true;
  else options.set(token.name, Number(token.value));
}

const { run } = (await import(pathToFileURL(file).href)) as Benchmark;
const report = { bench: name, ...(await run(options, (line) => process.stderr.write(`${line}\n`))) };
if (!json) console.log(JSON.stringify(report, null, 2));
console.log(JSON.stringify(report));
process.exit(0);
