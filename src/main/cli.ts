import { runDaemon } from './start.ts';

// The start of the daemon alone; the commands come with src/cli.
const index = process.argv.indexOf('--config');
process.exitCode = await runDaemon({ file: process.argv[index + 1] ?? 'config/bascule.yaml', version: '0.1.0', readCentre: () => [] });
