import { validateCentre } from '../core/centre/validate.ts';
import { BasculeError } from '../core/kernel/errors.ts';
import type { CentreDocument } from '../wire/centre.ts';
import { assembleCentre, isCentreKind } from '../wire/centre.ts';
import { pathOf, readWhole } from '../wire/whole.ts';
import type { YamlFile } from './yaml.ts';
import { readYaml } from './yaml.ts';

const steps = (key: string): readonly (string | number)[] =>
  key
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));

/** The same error, told where in the file it is. */
const located = (yaml: YamlFile, error: BasculeError): BasculeError => {
  const { kind, id, key } = error.fields;
  const path = isCentreKind(String(kind)) ? pathOf(kind as CentreDocument['kind'], String(id)) : [String(id)];
  const line = yaml.lineOf(key === undefined ? path : [...path, ...steps(String(key))]);
  return new BasculeError(
    'CTR_FILE',
    { file: yaml.file, line, detail: error.message.replace(/\.$/, ''), remedy: error.remedy },
    { cause: error },
  );
};

export interface CentreFile {
  readonly entries: readonly CentreDocument[];
  /** Each with its line; with any, `entries` is what could be read. */
  readonly errors: readonly BasculeError[];
}

/**
 * Reads a file of the whole centre, or of a part of it. `complete`: the objects it names must be in it too; otherwise they
 * may be in the database already, which only the daemon knows.
 */
export const readCentreFile = (file: string, complete = false): CentreFile => {
  let yaml: YamlFile;
  try {
    yaml = readYaml(file);
  } catch (error) {
    if (error instanceof BasculeError) return { entries: [], errors: [error] };
    throw error;
  }
  const { entries, errors } = readWhole(yaml.data ?? {});
  const together = errors.length > 0 ? [] : validateCentre(assembleCentre(entries));
  const relevant = complete ? together : together.filter(({ code }) => code !== 'CTR_REFERENCE');
  return { entries, errors: [...errors, ...relevant].map((error) => located(yaml, error)) };
};
