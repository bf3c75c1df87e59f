/** What simulated people sound like, and how to recognise one by ear: each has a pitch of its own, in G.711 A-law at 8 kHz. */

export const SAMPLES_PER_SECOND = 8_000;
/** Two seconds, so that any pitch in half hertz joins up with itself at the end of the loop. */
const LOOP_SAMPLES = 2 * SAMPLES_PER_SECOND;
const AMPLITUDE = 5_000;
const SEGMENT_ENDS = [0x1f, 0x3f, 0x7f, 0xff, 0x1ff, 0x3ff, 0x7ff, 0xfff];

/** ITU-T G.711, 16-bit linear to A-law. Written here again: the daemon's codec is judged by an ear that is not its own. */
export function toALaw(sample: number): number {
  const scaled = Math.round(sample) >> 3;
  const mask = scaled >= 0 ? 0xd5 : 0x55;
  const magnitude = Math.min(scaled >= 0 ? scaled : -scaled - 1, 0xfff);
  const segment = SEGMENT_ENDS.findIndex((end) => magnitude <= end);
  const mantissa = (segment < 2 ? magnitude >> 1 : magnitude >> segment) & 0x0f;
  return ((segment << 4) | mantissa) ^ mask;
}

export function fromALaw(code: number): number {
  const value = code ^ 0x55;
  const segment = (value & 0x70) >> 4;
  let magnitude = ((value & 0x0f) << 4) + (segment === 0 ? 8 : 0x108);
  if (segment > 1) magnitude <<= segment - 1;
  return (value & 0x80) !== 0 ? magnitude : -magnitude;
}

/** A loop of soft babble: syllables on one pitch, with a little of its octave. */
export function babble(pitchHz: number): Buffer {
  const loop = Buffer.alloc(LOOP_SAMPLES);
  for (let index = 0; index < LOOP_SAMPLES; index += 1) {
    const seconds = index / SAMPLES_PER_SECOND;
    const syllable = 0.6 + 0.4 * Math.sin(2 * Math.PI * 3.5 * seconds);
    const phase = 2 * Math.PI * pitchHz * seconds;
    loop[index] = toALaw(AMPLITUDE * syllable * (Math.sin(phase) + 0.25 * Math.sin(2 * phase)));
  }
  return loop;
}

/** Share of the samples' power that lies at `pitchHz`, 0 to 1 (Goertzel). About 0.8 for a babble of that pitch, near 0 for another. */
export function shareAt(samples: Int16Array, pitchHz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * pitchHz) / SAMPLES_PER_SECOND);
  let before = 0;
  let last = 0;
  let energy = 0;
  for (const sample of samples) {
    const next = sample + turn * last - before;
    before = last;
    last = next;
    energy += sample * sample;
  }
  const power = last * last + before * before - turn * last * before;
  return energy === 0 ? 0 : Math.min(1, (2 * power) / (samples.length * energy));
}
