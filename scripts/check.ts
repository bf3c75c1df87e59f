/**
 * All that is checked without running the product, side by side; prints what failed and how long each took.
 * `scripts/node scripts/check.ts [NAME…]` runs only the checks whose name starts so.
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const inModules = (path: string): string => join(root, 'node_modules', path);

interface Check {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
}

/** A folder gets its own compilation, so that each layer sees only the library and types it may use. */
const typeChecks = (): Check[] =>
  ['src/core', 'src/ports', 'src/wire', 'src/media', 'src/runtime', 'src/config', 'src/adapters', 'src/cli', 'src/main', 'test']
    .filter((folder) => existsSync(join(root, folder, 'tsconfig.json')))
    // The compiler refuses a project without a single file, which is what a layer is before its first.
    .filter((folder) => globSync('**/*.ts', { cwd: join(root, folder) }).length > 0)
    .map((folder) => ({
      name: `types ${folder}`,
      script: inModules('typescript/bin/tsc'),
      args: ['--pretty', 'false', '-p', folder],
    }));

const checks: readonly Check[] = [
  { name: 'lint', script: inModules('oxlint/bin/oxlint'), args: ['--type-aware', '--quiet', 'src', 'test', 'scripts'] },
  { name: 'dead code', script: inModules('knip/bin/knip.js'), args: ['--no-progress', '--no-config-hints'] },
  ...typeChecks(),
  { name: 'format', script: inModules('@biomejs/biome/bin/biome'), args: ['format', '--max-diagnostics=20', '.'] },
  {
    name: 'layers',
    script: inModules('dependency-cruiser/bin/dependency-cruiser.mjs'),
    args: ['--config', '.dependency-cruiser.cjs', 'src', 'test', 'scripts'],
  },
  {
    name: 'tidy',
    script: inModules('vitest/vitest.mjs'),
    args: ['run', '--project', 'unit', '--reporter', 'dot', 'test/tidy.test.ts', 'test/layers.test.ts'],
  },
];

interface Result {
  readonly check: Check;
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
}

const run = (check: Check): Promise<Result> =>
  new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(join(root, 'scripts/node'), [check.script, ...check.args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ check, code: code ?? 1, output, seconds: (performance.now() - started) / 1000 }));
  });

const wanted = process.argv.slice(2);
const pending = checks.filter(({ name }) => wanted.length === 0 || wanted.some((prefix) => name.startsWith(prefix)));
const failed: string[] = [];

const worker = async (): Promise<void> => {
  for (let check = pending.shift(); check !== undefined; check = pending.shift()) {
    const { code, output, seconds } = await run(check);
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'}  ${check.name}  (${seconds.toFixed(1)} s)`);
    if (code === 0) continue;
    failed.push(check.name);
    console.log(output.trimEnd().replaceAll(/^/gm, '        '));
  }
};

await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
console.log(failed.length === 0 ? 'All checks passed.' : `Failed: ${failed.join(', ')}.`);
process.exitCode = failed.length === 0 ? 0 : 1;
