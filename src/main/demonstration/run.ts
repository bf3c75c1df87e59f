import { startDemonstration } from './start.ts';
import type { Demonstration, DemonstrationOptions } from './start.ts';

/** Exit status of a process ended by Ctrl-C before it could end in order (128 + SIGINT). */
const FORCED = 130;

/**
 * The demonstration as `npm start` runs it: until Ctrl-C (or SIGTERM), which ends it in order; a second one forces.
 * Resolves with the process's exit status. What keeps it from starting is thrown.
 */
export async function runDemonstration<Status>(options: DemonstrationOptions<Status>): Promise<number> {
  let demonstration: Demonstration | null = null;
  let interrupted = false;
  const interrupt = (): void => {
    if (interrupted) {
      options.stdout.write('Forced.\n');
      process.exit(FORCED);
    }
    interrupted = true;
    void demonstration?.stop().catch(() => {});
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    demonstration = await startDemonstration(options);
    if (interrupted) await demonstration.stop();
    await demonstration.ended;
    return 0;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
