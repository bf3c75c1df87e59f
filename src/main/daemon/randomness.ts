import { randomFillSync } from 'node:crypto';

const POOL = 1_024;

/** Uniform in [0, 1) from the system's generator, drawn a kilobyte at a time: ids of legs cannot be guessed or repeated. */
export function systemRandomness(): () => number {
  const pool = new Uint32Array(POOL);
  let used = POOL;
  return () => {
    if (used === POOL) {
      randomFillSync(pool);
      used = 0;
    }
    return pool[used++]! / 4_294_967_296;
  };
}
