import { setFlagsFromString } from 'node:v8';

/**
 * Makes this process need less memory for the same work. For the command line only: a library does
 * not set flags of its host. `load` imports the program; meanwhile the young generation grows once.
 *
 * Then it has 8 MB. With the 1 MB of V8's start, a first load of 500,000 rows collects garbage
 * 1,284 times and not 162 times, each time with the same fixed cost. Left alone, V8 lets it grow to
 * 64 MB and the old generation to four times what is alive, so a replay of 100,000 accounts peaked
 * at 400 MB, of which 40 MB were alive.
 *
 * WebAssembly is optimized only where it stays hot for seconds: to optimize one function of PGlite
 * takes V8 570 MB, which a run of one account never gets back. That run takes 0.85 s and 286 MB
 * instead of 1.37 s and 885 MB; a replay of 100,000 rows is as fast. A run that makes the database
 * still needs 1.1 GB: it has too much SQL.
 */
export async function limitMemory<Program>(load: () => Promise<Program>): Promise<Program> {
  // V8 reads these two whenever the heap grows. The sizes of the heap it reads only when the
  // process starts.
  setFlagsFromString('--semi-space-growth-factor=8');
  setFlagsFromString('--heap-growing-percent=100');
  // The most that there is; 13,000,000 by default. Counted for each function from when its module is
  // made: 1,000,000,000 ended with the SQL of one run.
  setFlagsFromString('--wasm-tiering-budget=2147483647');
  const program = await load();
  setFlagsFromString('--semi-space-growth-factor=1');
  return program;
}
