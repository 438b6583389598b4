import { Timeline } from '../../src/dimension/timeline.ts';
import type { Micros } from '../../src/instant.ts';
import { normalizeBody } from '../../src/normalize/normalize-body.ts';
import type { Snapshot } from '../../src/normalize/snapshot.ts';
import { type BenchRun, inTurn, sizeText } from './bench-run.ts';
import { assertEqual } from './command-line.ts';
import { measureHere, type Place } from './sample.ts';
import { appIdOf, bodyOf, scenesAnAccount } from './workload.ts';

const floor = 'JSON.parse';

/**
 * The two pure steps, in this process: two answers an account, of which the second has 1 % of the
 * names renamed.
 */
export async function takePureFigures({ options, tally }: BenchRun): Promise<void> {
  for (const rows of inTurn(tally.repeat, options.sizes)) {
    const accounts = Math.ceil(rows / scenesAnAccount);
    const bodies = [false, true].flatMap((changed) =>
      Array.from({ length: accounts }, (_, account) => Buffer.from(bodyOf(account, changed))),
    );
    const place: Place = { group: 'pure', target: '', size: sizeText(2 * accounts * scenesAnAccount, 'listed scenes') };
    let snapshots: readonly Snapshot[] = [];
    tally.add(place, floor, null, await measureHere(() => bodies.map((body) => JSON.parse(body.toString()))));
    const normalizing = await measureHere(() => {
      snapshots = bodies.map(snapshotOf);
    });
    tally.add(place, 'normalizing', floor, normalizing);
    let versions = 0;
    const timeline = await measureHere(() => {
      for (let account = 0; account < accounts; account += 1)
        versions += countVersions(account, [snapshots[account], snapshots[accounts + account]]);
    });
    tally.add(place, 'timeline', floor, timeline);
    assertEqual('timeline: each scene has a version', versions >= accounts * scenesAnAccount, true);
  }
}

function snapshotOf(body: Buffer): Snapshot {
  const answer = normalizeBody(body);
  if (answer.kind !== 'snapshot') throw new Error(`a body of the workload is no snapshot: ${answer.kind}`);
  return answer;
}

const hourMicros = 3_600_000_000n;

function countVersions(account: number, answers: readonly (Snapshot | undefined)[]): number {
  const timeline = new Timeline({ appId: appIdOf(account), firstSeen: 'beginning' });
  let at: Micros = 1_767_225_600_000_000n;
  for (const snapshot of answers) {
    if (snapshot !== undefined) timeline.observe(at, snapshot);
    at += hourMicros;
  }
  return Array.from(timeline.versions()).length;
}
