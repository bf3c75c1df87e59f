import { query } from './support.ts';

interface TableRow {
  readonly name: string;
  readonly options: readonly string[] | null;
}

const COLUMNS = `
  SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required, a.attgenerated AS generated,
    pg_get_expr(d.adbin, d.adrelid) AS expression
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;

// NOT NULL is shown with its column; PostgreSQL 18 lists it as a constraint as well.
const CONSTRAINTS = `
  SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
  WHERE conrelid = $1::regclass AND contype <> 'n' ORDER BY conname`;

const INDEXES = `
  SELECT pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i
  WHERE i.indrelid = $1::regclass AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid) ORDER BY 1`;

/**
 * The schema as text, from the catalogue: pg_dump's own output changes with its version, and the reviewer wants to see what a
 * migration changes, not what a tool does.
 */
export const dumpSchema = async (url: string): Promise<string> => {
  const tables = await query<TableRow>(
    url,
    `SELECT relname AS name, reloptions AS options FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname`,
  );
  const parts = ['-- What the migrations make. Written by the test of the migrations (UPDATE_SCHEMA=1); never edited by hand.\n'];
  for (const { name, options } of tables) {
    const columns = await query<{ name: string; type: string; required: boolean; generated: string; expression: string | null }>(
      url,
      COLUMNS,
      [name],
    );
    const constraints = await query<{ name: string; definition: string }>(url, CONSTRAINTS, [name]);
    const indexes = await query<{ definition: string }>(url, INDEXES, [name]);
    const lines = [
      ...columns.map(
        (column) =>
          `  ${column.name} ${column.type}${column.required ? ' NOT NULL' : ''}` +
          (column.expression === null
            ? ''
            : column.generated === 's'
              ? ` GENERATED ALWAYS AS ${column.expression} STORED`
              : ` DEFAULT ${column.expression}`),
      ),
      ...constraints.map((constraint) => `  CONSTRAINT ${constraint.name} ${constraint.definition}`),
    ];
    parts.push(`\nCREATE TABLE ${name} (\n${lines.join(',\n')}\n)${options === null ? '' : ` WITH (${options.join(', ')})`};\n`);
    for (const { definition } of indexes) parts.push(`${definition};\n`);
  }
  return parts.join('');
};
