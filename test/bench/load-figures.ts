import { type BenchRun, commandLine, inTurn, sizeText } from './bench-run.ts';
import type { BenchDatabase, BenchTarget } from './bench-target.ts';
import { assertEqual, type CommandLine } from './command-line.ts';
import { outputOf } from './measure-process.ts';
import type { Measurement, Place } from './sample.ts';
import { scenesAnAccount, type Workload, writeWorkload } from './workload.ts';

const floor = 'copy';

/** What a job does every hour, from a first load on, and what people do with its dimension. */
export async function takeLoadFigures(run: BenchRun): Promise<void> {
  const { options, folder, tally, targets } = run;
  for (const rows of inTurn(tally.repeat, options.sizes)) {
    const workload = await writeWorkload(folder, Math.ceil(rows / scenesAnAccount));
    for (const target of inTurn(tally.repeat, targets)) {
      const place = { group: 'load', target: target.name, size: sizeText(workload.rows, 'rows') } as const;
      await takeHistory(run, target, place, workload);
      // The order of the lines costs most where there are many: smaller sizes go without.
      if (rows < Math.max(...options.sizes)) continue;
      await using database = await target.createDatabase();
      const cli = await commandLine(run, { database });
      const opened = { opened: workload.rows, recorded: workload.accounts };
      tally.add(place, 'shuffled', floor, await cli.runAndCount(['replay', workload.files.shuffled], opened));
    }
  }
}

async function takeHistory(run: BenchRun, target: BenchTarget, place: Place, workload: Workload): Promise<void> {
  const { tally } = run;
  const { accounts, rows, files, changes } = workload;
  await using database = await target.createDatabase();
  const cli = await commandLine(run, { database });
  const take = (figure: string, measurement: Measurement) => tally.add(place, figure, floor, measurement);
  const takeFloor = async () => tally.add(place, floor, null, await copyRows(cli, database, workload.flatFile));
  const before = tally.repeat % 2 === 0;

  if (before) await takeFloor();
  const recorded = accounts;
  take('first load', await cli.runAndCount(['replay', files.first], { opened: rows, recorded }));
  take('unchanged', await cli.runAndCount(['replay', files.later], { recorded }));
  take('1 % changed', await cli.runAndCount(['replay', files.changed], { ...changes, recorded }));
  take('same file again', await cli.runAndCount(['replay', files.first], {}));
  take('rebuild', await cli.runAndCount(['rebuild'], {}));
  const versions = rows + changes.opened;
  take('verify', await cli.run(['verify', '--json']));
  assertEqual('verify', JSON.parse(outputOf(cli.folder, 'stdout')).versions, versions);
  take('export', await cli.run(['export', '--quiet']));
  assertEqual('export: lines', await cli.countLines(), versions);
  if (!before) await takeFloor();
}

/** The floor of a load. */
export async function copyRows(cli: CommandLine, database: BenchDatabase, file: string): Promise<Measurement> {
  await database.settle();
  return cli.measure(database.copyCommand(file));
}
