import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseYaml } from '../../src/config/yaml.ts';
import type { CentreDocument } from '../../src/wire/centre.ts';
import { assembleCentre, CENTRE_KINDS, parseDocument, parseEntry, schemaOf } from '../../src/wire/centre.ts';
import { keyOf, nearest } from '../../src/wire/issues.ts';
import { LineSplitter } from '../../src/wire/lines.ts';
import { formatDuration, parseDuration } from '../../src/wire/values.ts';
import { humanDocument, readWhole, writeWhole } from '../../src/wire/whole.ts';

describe('durations', () => {
  it.each([
    ['20s', 20_000],
    ['1m30s', 90_000],
    ['2 h', 7_200_000],
    ['500ms', 500],
    ['1.5s', 1_500],
    ['0s', 0],
  ])('%s', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '20', 's', '20 parsecs', '-5s', '5s!', '1e3s'])('%j is none', (text) => expect(parseDuration(text)).toBeNull());

  it('what is written is read back', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 10 ** 10 }), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});

describe('documents', () => {
  it('the least of each kind has defaults for the rest, and is a fixed point', () => {
    const least: Readonly<Record<string, unknown>> = {
      skill: {},
      'pause-reason': { digits: 1 },
      hours: {},
      queue: {},
      agent: { extension: 101 },
      campaign: { numbers: ['*'], target: 'queue:sales' },
      scenario: { nodes: {} },
      settings: {},
    };
    for (const kind of CENTRE_KINDS) {
      const id = kind === 'settings' ? 'settings' : 'x';
      const once = parseDocument(kind, id, least[kind]);
      expect(parseDocument(kind, id, once)).toEqual(once);
      expect(Object.keys(once)).toEqual(expect.arrayContaining(Object.keys(schemaOf(kind).shape)));
    }
  });

  it('a queue’s defaults', () => {
    expect(parseDocument('queue', 'sales', {})).toMatchInlineSnapshot(`
      {
        "ageingMs": null,
        "announceEstimatedWait": true,
        "announceEveryMs": 30000,
        "announcePosition": true,
        "autoPauseAfter": 3,
        "capacity": null,
        "capacityTarget": {
          "prompt": "all-busy",
          "to": "deterrence",
        },
        "music": "music",
        "name": "sales",
        "noAnswerDelayMs": 15000,
        "overflow": [],
        "priority": 0,
        "rejectDelayMs": 10000,
        "ringTimeoutMs": 20000,
        "serviceLevelMs": 20000,
        "shortAbandonMs": 5000,
        "skills": [],
        "strategy": "skill-level",
        "weight": 0,
        "wrapUpMs": 10000,
      }
    `);
  });

  it.each([
    ['queue', 'sales', { skills: ['x:11'] }, 'skills[0].minLevel: must be at most 10'],
    [
      'queue',
      'sales',
      {
        skills: [
          {
            skill: 'x',
            relax: [
              { afterMs: 20, minLevel: 1 },
              { afterMs: 10, minLevel: 0 },
            ],
          },
        ],
      },
      'relax: must be in rising order of afterMs',
    ],
    [
      'queue',
      'sales',
      { overflow: [{ when: { kind: 'bored' }, target: 'deterrence' }] },
      'overflow[0].when.kind: must be one of waiting-calls',
    ],
    ['agent', 'anna', { extension: '10 1' }, 'extension: must be an extension'],
    [
      'agent',
      'anna',
      {
        extension: 101,
        skills: [
          { skill: 'x', level: 1 },
          { skill: 'x', level: 2 },
        ],
      },
      'skills: names a skill twice',
    ],
    ['campaign', 'main', { numbers: ['01 99'], target: 'queue:x' }, 'numbers[0]: must be a number as the IPBX sends it'],
    ['hours', 'office', { week: { monday: '08:00-12:00,11:00-18:00' } }, 'week.monday: must be in the order of the day'],
    ['hours', 'office', { closedDates: ['2026-02-30'] }, 'closedDates[0]: must be a date that exists'],
    ['hours', 'office', { zone: 'Europe/Atlantis' }, 'zone: must be a time zone'],
    [
      'scenario',
      'menu',
      { nodes: { a: { kind: 'menu', prompts: [], choices: { 12: 'a' }, otherwise: 'a' } } },
      'nodes.a.choices.12: must be a key',
    ],
    ['settings', 'other', {}, 'id: must be'],
    ['queu', 'x', {}, 'kind: is not a known kind'],
  ])('%s %s %j', (kind, id, document, message) => {
    expect(() => parseEntry(kind, id, document)).toThrow(message);
  });
});

const RICH = `
settings: { directMedia: true, featureCodes: { signIn: "*41" } }
skills: { billing: { name: Billing }, english: }
pauseReasons: { lunch: { name: Lunch, digits: 2 } }
hours:
  office:
    zone: Europe/Paris
    week: { monday: "08:00-12:00,13:30-24:00", friday: [[480, 720]], sunday: closed }
    closedDates: 2026-12-24,2026-12-31
    exceptions: { "2026-12-23": 09:00-11:00, "2026-12-26": closed }
    holidays: FR
queues:
  sales:
    skills: [billing:5, { skill: english, relax: [{ afterMs: 1m30s, minLevel: 0 }] }]
    overflow:
      - { when: { kind: waited, longerThanMs: 3m }, target: queue:support }
      - { when: { kind: no-agent }, target: number:0199000009 }
    announceEveryMs: null
  support:
agents:
  anna: { extension: 0101, skills: { billing: 7, english: 3 } }
campaigns:
  main:
    numbers: [0199000001, +33199000002, "*"]
    calendar: office
    target: scenario:menu
    lastAgent: { withinMs: 7d, holdMs: 20s }
scenarios:
  menu:
    nodes:
      start: { kind: menu, prompts: [welcome], choices: { 1: sales, "#": bye }, otherwise: bye }
      sales: { kind: queue, queue: sales }
      bye: { kind: hangup, prompt: goodbye }
`;

const read = (text: string): readonly CentreDocument[] => {
  const { entries, errors } = readWhole(parseYaml(text, 'centre.yaml').data);
  expect(errors).toEqual([]);
  return entries;
};

describe('a whole centre in YAML', () => {
  it('numbers keep their zeros and signs, quoted or not', () => {
    const centre = assembleCentre(read(RICH));
    expect(centre.agents.get('anna')?.extension).toBe('0101');
    expect(centre.campaigns.get('main')?.numbers).toEqual(['0199000001', '+33199000002', '*']);
    expect(centre.queues.get('sales')?.overflow[1]?.target).toEqual({ to: 'number', number: '0199000009' });
  });

  it('canonical documents hold numbers', () => {
    const centre = assembleCentre(read(RICH));
    expect(centre.calendars.get('office')).toMatchObject({
      week: [
        [
          [480, 720],
          [810, 1_440],
        ],
        [],
        [],
        [],
        [[480, 720]],
        [],
        [],
      ],
      exceptions: { '2026-12-23': [[540, 660]], '2026-12-26': [] },
    });
    expect(centre.queues.get('sales')?.skills[1]).toEqual({
      skill: 'english',
      minLevel: 1,
      relax: [{ afterMs: 90_000, minLevel: 0 }],
    });
    expect(centre.campaigns.get('main')?.lastAgent).toEqual({ withinMs: 604_800_000, holdMs: 20_000 });
    expect(centre.settings).toMatchObject({ directMedia: true, featureCodes: { signIn: '*41', signOut: '*12' } });
  });

  it('what is written is read back to the same', () => {
    const entries = read(RICH);
    const again = read(stringify(writeWhole(entries)));
    const sorted = (list: readonly CentreDocument[]): readonly unknown[] =>
      [...list].sort((a, b) => (a.kind + a.id < b.kind + b.id ? -1 : 1));
    expect(sorted(again)).toEqual(sorted(entries));
    for (const entry of entries) expect(parseEntry(entry.kind, entry.id, humanDocument(entry))).toEqual(entry);
  });

  it.each([
    ['- a\n- list\n', 'must hold sections'],
    ['quues: {}\n', 'Did you mean “queues”?'],
    ['queues: [sales]\n', 'must hold objects by their id'],
    ['queues: { Sales: {} }\n', 'must be small letters'],
  ])('%j is refused', (text, message) => {
    const { errors } = readWhole(parseYaml(text, 'centre.yaml').data);
    expect(errors.map((error) => error.message + error.remedy).join()).toContain(message);
  });
});

describe('words and lines', () => {
  it('the nearest known word, if any is near', () => {
    const known = ['ringTimeoutMs', 'wrapUpMs', 'weight', 'to'];
    expect(nearest('ringTimeout', known)).toBe('ringTimeoutMs');
    expect(nearest('wieght', known)).toBe('weight');
    expect(nearest('ring', known)).toBe('ringTimeoutMs');
    expect(nearest('colour', known)).toBeNull();
    expect(nearest('x'.repeat(10_000), known)).toBeNull();
  });

  it('keys as an operator writes them', () => {
    expect(keyOf(['sip', 'lines', 0, 'user'])).toBe('sip.lines[0].user');
    expect(keyOf([])).toBe('document');
  });

  it('lines come out whole however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 6 }).map((text) => text.replaceAll('\n', ''))),
        fc.array(fc.nat(5)),
        (lines, cuts) => {
          const splitter = new LineSplitter(100);
          let text = lines.map((line) => `${line}\n`).join('');
          const found: string[] = [];
          for (const cut of [...cuts, text.length]) {
            found.push(...(splitter.push(text.slice(0, cut)) ?? []));
            text = text.slice(cut);
          }
          expect(found.concat(splitter.push(text) ?? [])).toEqual(lines);
        },
      ),
    );
  });

  it('a line beyond the limit ends it', () => {
    const splitter = new LineSplitter(4);
    expect(splitter.push('abcd\nab')).toEqual(['abcd']);
    expect(splitter.push('cde')).toBeNull();
  });
});
