import { type BenchRun, commandLine, inTurn, sizeText } from './bench-run.ts';
import { copyRows } from './load-figures.ts';
import type { Place } from './sample.ts';
import { writeWorkload } from './workload.ts';

/**
 * Accounts and scenes of each: 1k to 1M rows of 50 scenes an account, and 1k to 100k accounts of 5.
 */
export const scaleCurves: Readonly<Record<string, readonly (readonly [accounts: number, scenes: number])[]>> = {
  rows: [
    [20, 50],
    [200, 50],
    [2_000, 50],
    [20_000, 50],
  ],
  accounts: [
    [1_000, 5],
    [10_000, 5],
    [100_000, 5],
  ],
};

/** First loads of growing size. A run that writes another number of rows is an error. */
export async function takeScaleFigures(run: BenchRun): Promise<void> {
  const { tally, targets } = run;
  for (const [unit, curve] of Object.entries(scaleCurves)) {
    for (const [accounts, scenes] of inTurn(tally.repeat, curve)) {
      const { files, flatFile, rows } = await writeWorkload(run.folder, accounts, scenes, ['first']);
      for (const target of targets) {
        const size = sizeText(unit === 'rows' ? rows : accounts, unit);
        const place: Place = { group: 'scale', target: target.name, size };
        await using database = await target.createDatabase();
        const cli = await commandLine(run, { database });
        tally.add(place, 'copy', null, await copyRows(cli, database, flatFile));
        const written = { opened: rows, recorded: accounts };
        tally.add(place, 'first load', 'copy', await cli.runAndCount(['replay', files.first], written));
      }
    }
  }
}
