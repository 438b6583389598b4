/** A replay whose input a test feeds piece by piece, so that something can happen in its middle. */
import type { Loader } from '../../src/load/loader.ts';
import { replay } from '../../src/pipeline/replay.ts';
import type { RunContext } from '../../src/pipeline/run/run-context.ts';
import type { RunResult } from '../../src/pipeline/run/run-report.ts';
import { contextFor } from './run-case.ts';

export interface ReplaySession {
  /** Rejects with what the replay threw. */
  readonly result: Promise<RunResult>;
  /** Gives the replay more input; resolves when it has taken all that was given before. */
  feed(lines: readonly string[]): Promise<void>;
  end(): void;
}

/** Waits of a millisecond instead of seconds, and as many attempts. */
const targetRetry = { retries: 4, minTimeout: 1, maxTimeout: 1, factor: 1, randomize: false };

export function contextOf(loader: Loader, dimension: Record<string, string> = {}): RunContext {
  return { ...contextFor(loader, { dimension, guards: {} }), targetRetry };
}

export function startReplay(loader: Loader): ReplaySession {
  let given = Promise.withResolvers<Uint8Array | null>();
  let taken = Promise.withResolvers<void>();
  async function* input(): AsyncGenerator<Uint8Array> {
    for (;;) {
      taken.resolve();
      const piece = await given.promise;
      given = Promise.withResolvers();
      if (piece === null) return;
      yield piece;
    }
  }
  const result = replay(contextOf(loader), { input: input(), name: 'log.ndjson' });
  result.catch(() => taken.resolve());
  return {
    result,
    async feed(lines) {
      await taken.promise;
      taken = Promise.withResolvers();
      given.resolve(Buffer.from(lines.map((line) => `${line}\n`).join('')));
      await Promise.race([taken.promise, result.catch(() => {})]);
    },
    end: () => given.resolve(null),
  };
}
