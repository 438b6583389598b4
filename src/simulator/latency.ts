/** Milliseconds that every answer takes: always the same, or evenly spread around a mean. */
export type SimulatorLatency = number | { readonly mean: number; readonly spread: number };

/** What each answer takes, one after the other: the same series in every simulator. */
export function createLatency(latency: SimulatorLatency): () => number {
  if (typeof latency === 'number') return () => latency;
  const { mean, spread } = latency;
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.max(0, mean + spread * (state / 0x8000_0000 - 1));
  };
}
