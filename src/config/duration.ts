import { ScenedimError } from '../errors.ts';

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|[smhdw])/g;

/**
 * Milliseconds of a duration such as `6h`, `90s`, `1h30m` or `0`; units ms, s, m, h, d, w.
 * Undefined for anything else: a bare number has no unit and is refused, so nobody waits 30 minutes
 * who wanted 30 seconds.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(PART)) total += Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN);
  return Number.isFinite(total) && total <= Number.MAX_SAFE_INTEGER ? Math.round(total) : undefined;
}

/** Like {@link parseDuration}, for an option: a bad one is a `usage` error that names it. */
export function requireDuration(text: string, option: string): number {
  const duration = parseDuration(text);
  if (duration === undefined) {
    throw new ScenedimError('usage', `${option}: "${text}" is not a duration`, {
      remedy: 'write a number with a unit, like 90s, 30m, 6h or 2d',
    });
  }
  return duration;
}

/** A duration for people, in its two largest units: `1.4 s`, `3 min 20 s`, `2 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${seconds} s`;
  if (seconds < 3600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.floor(minutes / 60);
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
