import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandList } from '../../src/commands/command-list.ts';
import { type BenchRun, commandLine, inTurn } from './bench-run.ts';
import { bareNode } from './command-line.ts';

const floor = 'bare node';
/** Of each repeat: a start is short, and its noise is large. */
const rounds = 3;

/** How long a process takes that has nothing to do. */
export async function takeStartFigures(run: BenchRun): Promise<void> {
  const { tally, targets } = run;
  const place = { group: 'start', target: '', size: '' } as const;
  const cli = await commandLine(run);
  const commands = [['--version'], ['--help'], ...commandList.map(({ name }) => [name, '--help'])];
  for (let round = 0; round < rounds; round += 1) {
    tally.add(place, floor, null, await cli.measure(bareNode));
    for (const args of inTurn(round, commands)) tally.add(place, args.join(' '), floor, await cli.run(args));
  }

  for (const target of inTurn(tally.repeat, targets)) {
    await using database = await target.createDatabase();
    const work = await commandLine(run, { database });
    const file = join(work.folder, 'empty.ndjson');
    await writeFile(file, '');
    await work.runAndCount(['replay', file], {});
    const where = { ...place, target: target.name };
    for (let round = 0; round < rounds; round += 1) {
      tally.add(where, floor, null, await work.measure(bareNode));
      tally.add(where, 'empty replay', floor, await work.runAndCount(['replay', file], {}));
    }
  }
}
