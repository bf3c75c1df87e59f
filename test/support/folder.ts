import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();

const forget = (): void => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
};
process.on('exit', () => {
  // What a failed test left is worth reading.
  if (process.env['BASCULE_KEEP'] === undefined) forget();
});

/** A folder of this process's own; gone when it ends, unless BASCULE_KEEP is set. */
export const temporaryFolder = (name: string): string => {
  const folder = mkdtempSync(join(tmpdir(), `bascule-${name}-`));
  // Programs that give up root still look into it.
  chmodSync(folder, 0o755);
  folders.add(folder);
  return folder;
};
