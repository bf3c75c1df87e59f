/** The two laws of ITU-T G.711, by their names in SDP (RFC 3551 §4.5.14). */
export type Codec = 'PCMA' | 'PCMU';

export const SAMPLE_RATE = 8_000;
/** 20 ms, the default packet of RFC 3551 §4.5: 160 samples, one octet each. */
export const FRAME_SAMPLES = 160;
export const FRAME_MS = 20;

/** G.711 Table 1: even bits are inverted on the line (x ⊕ 0x55); 13-bit values, here scaled to 16 bits. */
const expandAlaw = (octet: number): number => {
  const code = octet ^ 0x55;
  const segment = (code >> 4) & 7;
  const mantissa = code & 15;
  const magnitude = segment === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (segment - 1);
  return (code & 0x80) === 0 ? -magnitude : magnitude;
};

/** G.711 Table 2: all bits are inverted on the line; 14-bit values with a bias of 33, here scaled to 16 bits. */
const expandUlaw = (octet: number): number => {
  const code = ~octet & 0xff;
  const magnitude = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84;
  return (code & 0x80) === 0 ? magnitude : -magnitude;
};

const ALAW_TO_LINEAR = Int16Array.from({ length: 256 }, (_, octet) => expandAlaw(octet));
const ULAW_TO_LINEAR = Int16Array.from({ length: 256 }, (_, octet) => expandUlaw(octet));

const compressAlaw = (sample: number): number => {
  // Ones' complement of the negative half: G.711's decision values are symmetrical about zero.
  const magnitude = (sample < 0 ? ~sample : sample) >> 3;
  const sign = sample < 0 ? 0 : 0x80;
  if (magnitude < 32) return (sign | (magnitude >> 1)) ^ 0x55;
  const segment = 27 - Math.clz32(magnitude);
  return (sign | (segment << 4) | ((magnitude >> segment) & 15)) ^ 0x55;
};

const ULAW_BIAS = 0x84;
/** The largest magnitude that stays inside the eighth segment once biased (8159 in 14 bits, ×4, less the bias's share). */
const ULAW_CLIP = 32_635;

const compressUlaw = (sample: number): number => {
  const magnitude = Math.min(sample < 0 ? -sample : sample, ULAW_CLIP) + ULAW_BIAS;
  const segment = 24 - Math.clz32(magnitude);
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | ((magnitude >> (segment + 3)) & 15)) & 0xff;
};

/** One octet for each of the 65,536 samples: a look-up is a third of the arithmetic's cost. */
const encodingTable = (compress: (sample: number) => number): Uint8Array => {
  const table = new Uint8Array(65_536);
  for (let sample = -32_768; sample <= 32_767; sample++) table[sample & 0xffff] = compress(sample);
  return table;
};

const LINEAR_TO_ALAW = encodingTable(compressAlaw);
const LINEAR_TO_ULAW = encodingTable(compressUlaw);

/** The nearest value of the other law, the principle of G.711 Tables 3 and 4. */
const ALAW_TO_ULAW = Uint8Array.from(ALAW_TO_LINEAR, (sample) => compressUlaw(sample));
const ULAW_TO_ALAW = Uint8Array.from(ULAW_TO_LINEAR, (sample) => compressAlaw(sample));

/** Static payload types, RFC 3551 §6. */
export const STATIC_PAYLOAD_TYPE: Readonly<Record<Codec, number>> = { PCMU: 0, PCMA: 8 };

export function encode(codec: Codec, samples: Int16Array): Uint8Array<ArrayBuffer> {
  const table = codec === 'PCMA' ? LINEAR_TO_ALAW : LINEAR_TO_ULAW;
  const octets = new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i++) octets[i] = table[(samples[i] as number) & 0xffff] as number;
  return octets;
}

export function decode(codec: Codec, octets: Uint8Array): Int16Array<ArrayBuffer> {
  const table = codec === 'PCMA' ? ALAW_TO_LINEAR : ULAW_TO_LINEAR;
  const samples = new Int16Array(octets.length);
  for (let i = 0; i < octets.length; i++) samples[i] = table[octets[i] as number] as number;
  return samples;
}

/** Changes octets `[from, to)` in place from `codec` to the other law. */
export function transcode(codec: Codec, octets: Uint8Array, from: number, to: number): void {
  const table = codec === 'PCMA' ? ALAW_TO_ULAW : ULAW_TO_ALAW;
  for (let i = from; i < to; i++) octets[i] = table[octets[i] as number] as number;
}
