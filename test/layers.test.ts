import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
let project: string;

/** A small product with one fault of each kind: the rules are worth what they catch. */
const FILES: Readonly<Record<string, string>> = {
  'src/core/kernel/time.ts': 'export const SECOND = 1000;\nexport type Instant = number;\n',
  'src/core/call/machine.ts': "import { free } from '../agent/machine.ts';\nexport const call = free;\n",
  'src/core/agent/machine.ts': "import { SECOND } from '../kernel/time.ts';\nexport const free = SECOND;\n",
  'src/core/site.ts': "import { call } from './call/machine.ts';\nexport const site = call;\n",
  'src/core/clock.ts': "import { hostname } from 'node:os';\nexport const name = hostname();\n",
  'src/core/yaml.ts': "import { parse } from 'yaml';\nexport const read = parse;\n",
  'src/core/upward.ts': "import type { Clock } from '../ports/clock.ts';\nexport type Upward = Clock;\n",
  'src/ports/clock.ts': "import type { Instant } from '../core/kernel/time.ts';\nexport interface Clock { now(): Instant }\n",
  'src/ports/code.ts': "import { SECOND } from '../core/kernel/time.ts';\nexport const second = SECOND;\n",
  'src/runtime/loop.ts': "import { line } from '../adapters/sip/line.ts';\nexport const loop = line;\n",
  'src/adapters/sip/line.ts': "import { stream } from '../rtp/stream.ts';\nexport const line = stream;\n",
  'src/adapters/rtp/stream.ts':
    "import type { Clock } from '../../ports/clock.ts';\nexport const stream = (clock: Clock) => clock.now();\n",
  'src/main/daemon.ts':
    "import { line } from '../adapters/sip/line.ts';\nimport { site } from '../core/site.ts';\nexport const all = [line, site];\n",
};

const EXPECTED = [
  'adapters-apart: src/adapters/sip/line.ts → src/adapters/rtp/stream.ts',
  'core-alone: src/core/yaml.ts → node_modules/yaml',
  'layer-core: src/core/upward.ts → src/ports/clock.ts',
  'layer-runtime: src/runtime/loop.ts → src/adapters/sip/line.ts',
  'machines-apart: src/core/call/machine.ts → src/core/agent/machine.ts',
  'no-builtins: src/core/clock.ts → os',
  'types-only: src/ports/code.ts → src/core/kernel/time.ts',
];

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'bascule-layers-'));
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }
  for (const name of ['node_modules', 'package.json', '.dependency-cruiser.cjs'])
    symlinkSync(join(root, name), join(project, name));
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

describe('layers', () => {
  it('every rule of the may-import table catches its fault, and only that', () => {
    const { stdout } = spawnSync(
      process.execPath,
      [
        join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
        '--config',
        '.dependency-cruiser.cjs',
        '-T',
        'json',
        'src',
      ],
      { cwd: project, encoding: 'utf8' },
    );
    const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string }; from: string; to: string }[] } };
    const found = summary.violations.map(({ rule, from, to }) => {
      const target = to.includes('node_modules') ? `node_modules/${to.split('node_modules/')[1]?.split('/')[0]}` : to;
      return `${rule.name}: ${from} → ${target}`;
    });
    expect(found.sort()).toEqual(EXPECTED);
  });

  it('the core does not compile against what a host offers', () => {
    const folder = join(project, 'src/core');
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: join(root, 'src/core/tsconfig.json'), include: [], files: ['impure.ts'] }),
    );
    const hosts = ['setTimeout', 'process', 'Buffer', 'fetch', 'console', 'performance', 'Temporal'];
    writeFileSync(join(folder, 'impure.ts'), `export const found = [${hosts.join(', ')}];\n`);
    const { stdout } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '--pretty', 'false', '-p', folder],
      {
        encoding: 'utf8',
      },
    );
    expect(hosts.filter((name) => !stdout.includes(`'${name}'`))).toEqual([]);
  });

  it('the pinned Node is found through links and from anywhere', () => {
    const link = join(project, 'bascule-node');
    symlinkSync(join(root, 'scripts/node'), link);
    const version = execFileSync(link, ['-p', 'process.version'], { cwd: '/', encoding: 'utf8' });
    expect(version).toMatch(/^v26\./);
  });
});
