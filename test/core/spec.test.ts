import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AGENT_TABLE } from '../../src/core/agent/machine.ts';
import type { AgentCell } from '../../src/core/agent/machine.ts';
import { CALL_TABLE } from '../../src/core/call/machine.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const tests = globSync('test/core/*.test.ts', { cwd: root }).map(read).join('\n');
/** Titles as they are written: of a template, up to its first placeholder. */
const titles = new Set([...tests.matchAll(/\bit\((['`])(.+?)\1,/g)].map(([, , title]) => title!));

interface Statement {
  readonly id: string;
  readonly says: string;
  readonly tests: string;
}

const statements = (path: string): readonly Statement[] =>
  [...read(path).matchAll(/^\| ([A-Z]\d+) \| (.+?) \| (.+?) \|$/gm)].map(([, id, says, named]) => ({
    id: id!,
    says: says!,
    tests: named!,
  }));

const specs = ['src/core/distribution/SPEC.md', 'src/core/call/SPEC.md', 'src/core/agent/SPEC.md'];

const rows = (head: readonly string[], body: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const keys = <T extends string>(table: Readonly<Record<T, unknown>>): readonly T[] => Object.keys(table) as T[];

function agentTable(): string {
  const states = keys(AGENT_TABLE);
  const show = (cell: AgentCell): string =>
    cell === 'ignored' ? '·' : cell === 'impossible' ? '✗' : cell === 'refused' ? cell : cell.join(', ');
  const body = keys(AGENT_TABLE.ready).map((event) => [
    `**${event}**`,
    ...states.map((state) => show(AGENT_TABLE[state][event])),
  ]);
  return rows(['event', ...states], body);
}

function callTable(): string {
  const states = keys(CALL_TABLE);
  const body = states.map((from) => [`**${from}**`, ...states.map((to) => (CALL_TABLE[from][to] ? '✓' : '·'))]);
  return rows(['from ↓ to →', ...states], body);
}

describe('the specifications', () => {
  it('show the tables of the machines as they are', () => {
    expect(read('src/core/agent/SPEC.md')).toContain(agentTable());
    expect(read('src/core/call/SPEC.md')).toContain(callTable());
  });

  for (const spec of specs) {
    it(`${spec} numbers its statements without a gap, and each names tests that exist`, () => {
      const found = statements(spec);
      expect(found.length).toBeGreaterThan(0);
      const letter = found[0]!.id[0]!;
      expect(found.map(({ id }) => id)).toEqual(found.map((_, index) => `${letter}${index + 1}`));
      for (const { id, says, tests: named } of found) {
        expect(says, id).toMatch(/^\S.*\.$/);
        const quoted = [...named.matchAll(/“([^”]+)”/g)].map(([, title]) => title!);
        expect(quoted.length > 0 || named.includes('World'), `${id} names a test`).toBe(true);
        for (const title of quoted) {
          expect(titles, `${id}: “${title}”`).toContain(title);
          expect(title, `“${title}” says that it is about ${id}`).toMatch(new RegExp(`\\b${id}\\b`));
        }
      }
    });
  }

  it('every test and every check that carries a number is named by the statement of that number', () => {
    const all = new Map(specs.flatMap(statements).map((statement) => [statement.id, statement]));
    for (const title of titles) {
      for (const [, id] of title.split(':')[0]!.matchAll(/\b([ACD]\d+)\b/g))
        expect(all.get(id!)?.tests, `“${title}”`).toContain(title);
    }
    const checks = globSync('test/core/support/*.ts', { cwd: root }).map(read).join('\n');
    for (const [, id] of checks.matchAll(/'(D\d+)'/g))
      expect(all.get(id!)?.tests, `${id} is checked in the world`).toContain('World');
  });
});
