import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { BasculeError } from '../../core/kernel/errors.ts';
import { PROTOCOL } from '../../wire/control.ts';

/** A daemon that lives answers its own socket at once; this is for one that is being stopped or under a debugger. */
const ANSWER_MS = 1_500;

type Found = { readonly alive: false } | { readonly alive: true; readonly pid: string };

/** Asks whoever listens for its process number. Only a refused connection proves that nobody does. */
const probe = (socket: string): Promise<Found> =>
  new Promise((resolve, reject) => {
    let text = '';
    const connection = connect(socket);
    const end = (found: Found): void => {
      connection.destroy();
      resolve(found);
    };
    connection.setTimeout(ANSWER_MS, () => end({ alive: true, pid: 'unknown' }));
    connection.on('connect', () => connection.write(`${JSON.stringify({ v: PROTOCOL, id: 0, op: 'ping', by: 'daemon' })}\n`));
    connection.on('data', (chunk) => {
      text += chunk.toString('utf8');
      const pid = /"pid":(\d+)/.exec(text)?.[1];
      if (pid !== undefined || text.length > 4_096) end({ alive: true, pid: pid ?? 'unknown' });
    });
    connection.on('close', () => end({ alive: true, pid: 'unknown' }));
    connection.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') end({ alive: false });
      else reject(error);
    });
  });

/**
 * Makes room for the socket: its folder exists, and no file is in the way. A file left by a dead daemon is removed, but only
 * after proof that nobody answers. Throws BasculeError DMN_RUNNING or DMN_SOCKET.
 */
export const clearPlace = async (socket: string): Promise<void> => {
  try {
    mkdirSync(dirname(socket), { recursive: true, mode: 0o750 });
    const found = lstatSync(socket, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (!found.isSocket()) throw new BasculeError('DMN_SOCKET', { socket, detail: 'another kind of file is there' });
    const answer = await probe(socket);
    if (answer.alive) throw new BasculeError('DMN_RUNNING', { socket, pid: answer.pid });
    unlinkSync(socket);
  } catch (cause) {
    if (cause instanceof BasculeError) throw cause;
    throw new BasculeError('DMN_SOCKET', { socket, detail: (cause as NodeJS.ErrnoException).code ?? String(cause) }, { cause });
  }
};
