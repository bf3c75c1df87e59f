/** The value under which a share of all values lies; the values need no order. */
export const percentile = (values: readonly number[], share: number): number => {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] as number;
};

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));

export const spread = (values: readonly number[]): { readonly p50: number; readonly p95: number; readonly p99: number } => ({
  p50: rounded(percentile(values, 0.5)),
  p95: rounded(percentile(values, 0.95)),
  p99: rounded(percentile(values, 0.99)),
});

export interface Mark {
  readonly kind: string;
  readonly number: string;
  /** Milliseconds. */
  readonly at: number;
}

/**
 * Lines that SIPp's scenarios wrote: `kind … <sip:NUMBER@…> … DATE SECONDS`. Both sides of a call read the same clock of the same
 * host, to the microsecond.
 */
export const marks = (lines: readonly string[], number: RegExp): Mark[] =>
  lines.flatMap((line) => {
    const kind = /^(\w+) /.exec(line)?.[1];
    const found = number.exec(line)?.[1];
    const seconds = /(\d{9,}\.\d+)\s*$/.exec(line)?.[1];
    return kind === undefined || found === undefined || seconds === undefined
      ? []
      : [{ kind, number: found, at: Number(seconds) * 1000 }];
  });
