import type { ValueKind } from './version.ts';

/** The key of the row that stands for everything. */
export const AGGREGATE_KEY = '@_all';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const CANONICAL_INTEGER = /^(?:0|-?[1-9][0-9]{0,18})$/;

const REMEMBERED = 4_096;
const known = new Map<string, KeyClass>();

/**
 * Classifies a canonical key: `numeric` for a canonical integer within int64, `sentinel` for `@_…`, else `text`. Accounts
 * share most of their keys, so it is remembered.
 */
export function classifyKey(key: string): KeyClass {
  let found = known.get(key);
  if (found === undefined) {
    if (known.size >= REMEMBERED) known.clear();
    found = classify(key);
    known.set(key, found);
  }
  return found;
}

function classify(key: string): KeyClass {
  if (CANONICAL_INTEGER.test(key)) {
    const sceneValue = BigInt(key);
    if (sceneValue >= INT64_MIN && sceneValue <= INT64_MAX)
      return { valueKind: 'numeric', sceneValue, isAggregate: false };
  }
  const valueKind = key.startsWith('@_') ? 'sentinel' : 'text';
  return { valueKind, sceneValue: null, isAggregate: key === AGGREGATE_KEY };
}

/** The columns of a version that follow from its key. */
export interface KeyClass {
  readonly valueKind: ValueKind;
  /** The number, when `valueKind` is `numeric`. */
  readonly sceneValue: bigint | null;
  /** True for `@_all`: "everything", never to be summed with the others. */
  readonly isAggregate: boolean;
}
