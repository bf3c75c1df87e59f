import { BasculeError } from '../core/kernel/errors.ts';
import type { CentreDocument, CentreKind } from './centre.ts';
import { CENTRE_KINDS, parseDocument, SETTINGS_ID } from './centre.ts';
import { nearest } from './issues.ts';
import { formatDuration, formatRange, WEEKDAYS } from './values.ts';

/** A whole centre as people write it in YAML: a section for each kind, in it the objects by id. */

/** Section of the file for each kind; `settings` is not a map by id. */
const SECTIONS: Readonly<Record<CentreKind, string>> = {
  settings: 'settings',
  skill: 'skills',
  'pause-reason': 'pauseReasons',
  hours: 'hours',
  queue: 'queues',
  agent: 'agents',
  campaign: 'campaigns',
  scenario: 'scenarios',
};

const KIND_OF_SECTION: ReadonlyMap<string, CentreKind> = new Map(CENTRE_KINDS.map((kind) => [SECTIONS[kind], kind]));

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (kind: string, id: string, key: string, detail: string, remedy: string): BasculeError =>
  new BasculeError('CTR_INVALID', { kind, id, key, detail, remedy });

const sectionEntries = (section: string, content: unknown): readonly { kind: CentreKind; id: string; document: unknown }[] => {
  const kind = KIND_OF_SECTION.get(section);
  if (kind === undefined) {
    const known = [...KIND_OF_SECTION.keys()];
    const meant = nearest(section, known);
    const remedy = meant === null ? `The sections are ${known.join(', ')}.` : `Did you mean “${meant}”?`;
    throw invalid('file', section, section, 'is not a known section', remedy);
  }
  // `queues:` with nothing under it is an empty section, as a person would leave it.
  if (content === null || content === undefined) return [];
  if (kind === 'settings') return [{ kind, id: SETTINGS_ID, document: content }];
  if (!isMap(content))
    throw invalid(
      kind,
      section,
      section,
      'must hold objects by their id',
      `Write “${section}:”, then each id indented under it.`,
    );
  return Object.entries(content).map(([id, document]) => ({ kind, id, document: document ?? {} }));
};

/** Path of an object in the file, to find its line. */
export const pathOf = (kind: CentreKind, id: string): readonly string[] =>
  kind === 'settings' ? [SECTIONS[kind]] : [SECTIONS[kind], id];

/**
 * Reads the plain form of a whole centre (already parsed from YAML or JSON).
 * Returns every object that is right and every error, so that a file can be mended in one go.
 */
export const readWhole = (
  input: unknown,
): { readonly entries: readonly CentreDocument[]; readonly errors: readonly BasculeError[] } => {
  const entries: CentreDocument[] = [];
  const errors: BasculeError[] = [];
  const attempt = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      if (!(error instanceof BasculeError)) throw error;
      errors.push(error);
    }
  };
  if (!isMap(input))
    return {
      entries,
      errors: [
        invalid('file', 'centre', 'document', 'must hold sections', `Write one of ${Object.values(SECTIONS).join(', ')}.`),
      ],
    };
  for (const [section, content] of Object.entries(input)) {
    attempt(() => {
      for (const { kind, id, document } of sectionEntries(section, content)) {
        attempt(() => entries.push({ kind, id, document: parseDocument(kind, id, document) } as CentreDocument));
      }
    });
  }
  return { entries, errors };
};

const humanValue = (key: string, value: unknown): unknown => {
  if (typeof value === 'number' && key.endsWith('Ms')) return formatDuration(value);
  if (Array.isArray(value)) return value.map((item) => humanValue('', item));
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([inner, item]) => [inner, humanValue(inner, item)]));
  return value;
};

const humanDay = (ranges: readonly (readonly [number, number])[]): string =>
  ranges.length === 0 ? 'closed' : ranges.map(formatRange).join(',');

/** A document as a person writes it: durations as `20s`, hours as `08:00-18:00`. `parseDocument` reads it back to the same. */
export const humanDocument = (entry: CentreDocument): Readonly<Record<string, unknown>> => {
  if (entry.kind === 'hours') {
    const { week, exceptions, ...rest } = entry.document;
    return {
      ...rest,
      week: Object.fromEntries(WEEKDAYS.map((weekday, index) => [weekday, humanDay(week[index] ?? [])])),
      exceptions: Object.fromEntries(Object.entries(exceptions).map(([date, ranges]) => [date, humanDay(ranges)])),
    };
  }
  if (entry.kind === 'agent') {
    const { skills, ...rest } = entry.document;
    return { ...rest, skills: Object.fromEntries(skills.map(({ skill, level }) => [skill, level])) };
  }
  return humanValue('', entry.document) as Record<string, unknown>;
};

/** The plain form of a whole centre, ready to be written as YAML; sections and ids in a stable order. */
export const writeWhole = (entries: readonly CentreDocument[]): Readonly<Record<string, unknown>> => {
  const whole: Record<string, unknown> = {};
  for (const kind of ['settings', ...CENTRE_KINDS.filter((other) => other !== 'settings')] as const) {
    const own = entries.filter((entry) => entry.kind === kind).sort((a, b) => (a.id < b.id ? -1 : 1));
    const [first] = own;
    if (first === undefined) continue;
    whole[SECTIONS[kind]] =
      kind === 'settings' ? humanDocument(first) : Object.fromEntries(own.map((entry) => [entry.id, humanDocument(entry)]));
  }
  return whole;
};
