import { stringify } from 'yaml';
import { formatDuration } from '../wire/values.ts';

/** Writes YAML with each key's description, range and default as a comment, from a JSON schema. */

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

type Plain = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of “something or null”, the something. */
const essence = (schema: Schema): Schema => {
  const other = schema.anyOf?.find(({ type }) => type !== 'null');
  return other === undefined
    ? schema
    : { ...other, ...(schema.description === undefined ? {} : { description: schema.description }) };
};

const shown = (key: string, value: unknown): unknown =>
  typeof value === 'number' && key.endsWith('Ms') ? formatDuration(value) : value;

/** `; udp, tcp or tls` or `; 1 to 65535`; what the description says already is not repeated. */
const range = (key: string, schema: Schema): string => {
  const { enum: values, items, minimum, maximum } = essence(schema);
  const list = values ?? items?.enum;
  if (list !== undefined) return ` (${list.map(String).join(', ')})`;
  if (minimum === undefined || maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER) return '';
  return ` (${String(shown(key, minimum))} to ${String(shown(key, maximum))})`;
};

const WIDTH = 118;

const wrapped = (text: string, indent: string): readonly string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && indent.length + 2 + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => `${indent}# ${one}`);
};

const scalar = (key: string, value: unknown): string => stringify(shown(key, value), { collectionStyle: 'flow' }).trim();

/** One key that is not a group. Without a value it is a comment that shows the default. */
const leaf = (key: string, schema: Schema, value: unknown, indent: string): readonly string[] => {
  const comment = schema.description === undefined ? [] : wrapped(`${schema.description}${range(key, schema)}.`, indent);
  const line =
    value === undefined ? `${indent}#${key}: ${scalar(key, schema.default ?? null)}` : `${indent}${key}: ${scalar(key, value)}`;
  return [...comment, line];
};

const listOfGroups = (
  key: string,
  schema: Schema,
  items: Schema,
  values: readonly unknown[],
  indent: string,
): readonly string[] => [
  ...wrapped(`${schema.description ?? key}.`, indent),
  `${indent}${key}:`,
  ...values.flatMap((value) => {
    const lines = group(items, isPlain(value) ? value : {}, `${indent}    `);
    const first = lines.findIndex((line) => !line.trimStart().startsWith('#'));
    return lines.map((line, index) => (index === first ? `${indent}  - ${line.trimStart()}` : line));
  }),
];

const entryOf = (key: string, schema: Schema, value: unknown, indent: string): readonly string[] => {
  const inner = essence(schema);
  if (inner.items?.properties !== undefined && Array.isArray(value)) return listOfGroups(key, schema, inner.items, value, indent);
  if (inner.properties === undefined) return leaf(key, schema, value, indent);
  const own = isPlain(value) ? value : {};
  const comment = wrapped(`${inner.description ?? key}.`, indent);
  // A group whose keys are all left to their defaults is a comment whole: “sip:” alone would be an empty value.
  if (Object.keys(own).length === 0) {
    return [
      ...comment,
      `${indent}#${key}:`,
      ...group(inner, {}, '').map((line) => `${indent}#  ${line.replace(/^(\s*)#(?=\S)/, '$1')}`),
    ];
  }
  return [...comment, `${indent}${key}:`, ...group(inner, own, `${indent}  `)];
};

const group = (schema: Schema, values: Plain, indent: string): readonly string[] =>
  Object.entries(schema.properties ?? {}).flatMap(([key, property]) => entryOf(key, property, values[key], indent));

/** The text of a file with `values` set and everything else shown as a comment; `header` stands first. */
export const commentedYaml = (schema: object, values: Plain, header: string): string => {
  const sections = Object.entries((schema as Schema).properties ?? {}).map(([key, property]) =>
    entryOf(key, property, values[key], ''),
  );
  const head = header.split('\n').map((line) => `# ${line}`);
  return `${[head, ...sections].map((lines) => lines.join('\n')).join('\n\n')}\n`;
};
