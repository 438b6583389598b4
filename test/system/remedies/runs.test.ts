/** Each remedy that a run gives about its input, its accounts and what is stored, followed on a target in memory. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { AccountRows } from '../../../src/load/account-rows.ts';
import { appId, createRemedyStage, followRemedy, type RemedyStage, type Trouble } from '../../support/remedy-stage.ts';

const line = JSON.stringify({
  app_id: appId,
  observed_at: '2026-03-01T00:00:00Z',
  body: { scene: [{ name: '扫一扫', value: 4 }] },
});
const utf16 = Buffer.from(`${line}\n`, 'utf16le');

describe('an input in another encoding is read by the command that is printed:', () => {
  test.each([
    ['gzip', gzipSync(line), 'unpack it: gzip -dc my\\ log.gz | scenedim replay -'],
    [
      'UTF-16',
      Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]),
      "convert it: iconv -f UTF-16 -t UTF-8 'my log' | scenedim replay -",
    ],
    ['UTF-16LE', utf16, "convert it: iconv -f UTF-16LE -t UTF-8 'my log' | scenedim replay -"],
    [
      'GBK',
      gbk(),
      "convert it: iconv -f GBK -t UTF-8 'my log' | scenedim replay -; or put an answer that is not UTF-8 into body_base64",
    ],
  ] as const)('%s', async (_, bytes, remedy) => {
    await using stage = await createRemedyStage();
    await stage.prepare({ files: { 'my log': bytes } });
    const { code, stderr } = await stage.run(['replay', 'my log']);
    const told = remedyIn(stderr);
    expect([code, told]).toEqual([65, remedy.replace('my\\ log.gz', "'my log'")]);
    const command = told.slice(told.indexOf(': ') + 2).split('; or')[0] ?? '';
    expect(await stage.pastePipe(command)).toMatchObject({ code: 0 });
  });

  test('an answer that is not UTF-8, in body_base64', async () => {
    await using stage = await createRemedyStage();
    const body = Buffer.from(JSON.stringify({ scene: [] })).toString('base64');
    const other = { app_id: appId, observed_at: '2026-03-01T00:00:00Z', body_base64: body };
    await stage.prepare({ files: { 'log.ndjson': gbk() } });
    expect(remedyIn((await stage.run(['replay', 'log.ndjson'])).stderr)).toContain('into body_base64');
    await stage.prepare({ files: { 'log.ndjson': JSON.stringify(other) } });
    expect((await stage.run(['replay', 'log.ndjson'])).stderr).not.toContain('UTF-8');
  });
});

function gbk(): Buffer {
  const [before = '', after = ''] = line.split('扫一扫');
  return Buffer.concat([Buffer.from(before), Buffer.from([0xb6, 0xfe]), Buffer.from(after)]);
}

function remedyIn(stderr: string): string {
  return /^remedy: (.*)$/m.exec(stderr)?.[1] ?? stderr;
}

test('a line that is wrong is corrected, and the whole file taken', () =>
  followRemedy({
    fault: { args: ['replay', 'log.ndjson'], files: { 'log.ndjson': `${line}\n{"app_id":"${appId}"}\n` } },
    says: 'log.ndjson:2: ',
    remedy: 'correct the line and run the whole file again: what is stored already is not stored twice',
    cure: { files: { 'log.ndjson': `${line}\n${line.replace('03-01', '03-02')}\n` } },
  }));

describe('an account that is', () => {
  test('held is accepted by the commands that report, status and check print', async () => {
    for (const from of ['report', 'status', 'check'] as const) {
      await using stage = await createRemedyStage();
      expect((await stage.run(['sync'])).code).toBe(0);
      stage.simulator.inject({ fault: 'empty_list', times: 1 });
      const [problem] = await stage.problems();
      expect(problem?.remedy).toBe(`if the answer is right: scenedim accept --app-id ${appId}`);
      const status = (await stage.run(['status'])).stdout;
      expect(status).toContain(`remedy: if its newest answer is right: scenedim accept --app-id ${appId}`);
      const check = (await stage.run(['check'])).stdout;
      expect(check).toMatch(/remedy: scenedim accept --app-id \w+, when it is right/);
      const text = { report: problem?.remedy ?? '', status, check }[from];
      const command = /scenedim accept --app-id \w+/.exec(text)?.[0] ?? '';
      expect(await stage.paste(command)).toMatchObject({ code: 0 });
      expect((await stage.run(['status'])).stdout).not.toContain('remedy');
      expect((await stage.run(['check'])).stdout).not.toContain('when it is right');
    }
  });

  test('not older than now is held by the command that is printed', async () => {
    await using stage = await createRemedyStage();
    const soon = new Date(Date.now() + 200_000).toISOString();
    await stage.prepare({ files: { 'log.ndjson': line.replace('2026-03-01T00:00:00Z', soon) } });
    expect((await stage.run(['replay', 'log.ndjson'])).code).toBe(0);
    const [problem] = await stage.problems();
    expect(problem).toMatchObject({ code: 'not_newer' });
    const command = /^check the clock; when that answer is wrong: (scenedim hold --app-id .* --observed-at .*)$/.exec(
      problem?.remedy ?? '',
    );
    expect(await stage.paste(command?.[1] ?? '')).toMatchObject({ code: 0 });
    expect(await stage.problems()).toEqual([]);
  });

  test('without removals shows the row in scene_reject, and has them again after an answer without it', async () => {
    await using stage = await createRemedyStage();
    stage.simulator.inject({ fault: 'keyless_row', times: 1 });
    const [problem] = await stage.problems();
    expect(problem).toMatchObject({
      code: 'removals_suspended',
      remedy: 'look at scene_reject for the row; the suspension ends with the next answer whose rows all have keys',
    });
    expect([...stage.target.rejects.values()]).toMatchObject([{ appId, reason: 'no_key' }]);
    expect((await stage.run(['status'])).stdout).toContain('remedy: look at scene_reject for the row\n');
    const remedy = 'tell WeChat support; removals are noticed again with the first answer without such a row';
    expect((await stage.run(['check'])).stdout).toContain(remedy);
    expect(await stage.problems()).toEqual([]);
    expect((await stage.run(['status'])).stdout).not.toContain('remedy');
  });

  test('answered without a list changes nothing, and works the next time', async () => {
    await using stage = await createRemedyStage();
    expect((await stage.run(['sync'])).code).toBe(0);
    stage.simulator.inject({ fault: 'missing_scene', times: 1 });
    expect(await stage.problems()).toMatchObject([
      { code: 'malformed_response', remedy: 'nothing was changed; if it happens again, report the answer to WeChat' },
    ]);
    expect(await stage.problems()).toEqual([]);
  });

  test('without its token here is told by status, and works when the variable is set', async () => {
    await using stage = await createRemedyStage();
    const token = stage.simulator.accessToken(appId);
    await stage.prepare({ env: { TOKEN: undefined } });
    expect((await stage.run(['sync'])).stderr).toContain('set TOKEN for the process that runs scenedim');
    const told = 'correct the variable, file, program or url that the message names, then run scenedim sync';
    expect((await stage.run(['status'])).stdout).toContain(told);
    await stage.prepare({ env: { TOKEN: token } });
    expect((await stage.run(['sync'])).code).toBe(0);
    expect((await stage.run(['status'])).stdout).not.toContain('remedy');
  });

  test('not answered is told by status, and a sync finds it well', async () => {
    await using stage = await createRemedyStage();
    stage.simulator.inject({ fault: 'not_found', times: 1 });
    expect((await stage.run(['sync'])).code).toBe(75);
    expect((await stage.run(['status'])).stdout).toContain('run scenedim sync again: it tells what it finds');
    expect((await stage.run(['sync'])).code).toBe(0);
    expect((await stage.run(['status'])).stdout).not.toContain('remedy');
  });
});

const synced = { before: [['sync']] } as const;
const observed = { config: { dimension: { firstSeen: 'observed' } } };
const berlin = { config: { dimension: { timeZone: 'Europe/Berlin' } } };

const settings: Readonly<Record<string, Trouble>> = {
  'another firstSeen is set back': {
    ...synced,
    fault: observed,
    says: 'dimension.firstSeen is observed, the target was computed with beginning',
    remedy: 'run `scenedim rebuild`, or set the config back',
    cure: { config: { dimension: {} } },
  },
  'another firstSeen is computed': {
    ...synced,
    fault: observed,
    says: 'dimension.firstSeen is observed, the target was computed with beginning',
    remedy: 'run `scenedim rebuild`, or set the config back',
    cure: { args: ['rebuild'] },
  },
  'another time zone is taken over': {
    ...synced,
    fault: berlin,
    says: 'dimension.timeZone is Europe/Berlin, the views of the target use Asia/Shanghai',
    remedy: 'run `scenedim migrate`, or set the config back',
    cure: { args: ['migrate'] },
  },
  'a target without a schema is migrated': {
    fault: { args: ['status'] },
    says: 'holds no scenedim schema yet',
    remedy:
      'if it was here before, restore a dump of it, or migrate and replay a copy of its log; if not, run `scenedim migrate`, or have a DBA run what `scenedim migrate --print-sql` prints',
    cure: { args: ['migrate'] },
  },
  'a time of no answer': {
    ...synced,
    fault: { args: ['hold', '--app-id', appId, '--observed-at', '2026-03-01T00:00:00Z'] },
    says: 'has no observation at 2026-03-01T00:00:00.000000Z',
    remedy: 'name the time of an answer with a list: scenedim export-log shows them, to the microsecond',
    cure: { args: ['export-log'] },
  },
};

describe('what is stored under other settings:', () => {
  test.each(Object.entries(settings))('%s', (_, trouble) => followRemedy(trouble));

  test('and a run works afterwards', async () => {
    for (const [situation, command] of [
      [observed, 'rebuild'],
      [berlin, 'migrate'],
    ] as const) {
      await using stage = await createRemedyStage();
      expect((await stage.run(['sync'])).code).toBe(0);
      await stage.prepare(situation);
      expect((await stage.run(['sync'])).code).toBe(78);
      expect((await stage.run([command])).code).toBe(0);
      expect((await stage.run(['sync'])).code).toBe(0);
    }
  });

  test('an interrupted rebuild is completed', async () => {
    await using stage = await createRemedyStage();
    await damage(stage, ({ meta }) => ({ meta: meta && { ...meta, rebuilding: true } }));
    expect(remedyIn((await stage.run(['sync'])).stderr)).toBe(
      'run `scenedim rebuild`; `scenedim verify` tells what is in its way',
    );
    expect((await stage.run(['verify'])).stdout).toContain(
      'scenedim rebuild completes the rebuild that was interrupted',
    );
    expect((await stage.run(['rebuild'])).code).toBe(0);
    expect((await stage.run(['sync'])).code).toBe(0);
  });
});

const restore =
  'bring the answers back: scenedim replay of a copy of the log (export-log), or restore scene_observation and scene_payload from a backup';

describe('a log that was cut', () => {
  test('is whole again when a copy of it is replayed', async () => {
    await using stage = await createRemedyStage();
    await cutLog(stage);
    expect((await stage.run(['rebuild'])).stdout).toContain(restore);
    expect((await stage.run(['verify'])).stdout).toContain(restore);
    expect((await stage.run(['check'])).stdout).toContain(`scenedim verify lists them; then ${restore}`);
    expect((await stage.run(['replay', 'copy.ndjson'])).code).toBe(0);
    for (const command of ['rebuild', 'verify', 'check']) {
      expect([command, (await stage.run([command])).stdout.includes('remedy')]).toEqual([command, false]);
    }
  });

  test('is accepted by the command that is printed', async () => {
    await using stage = await createRemedyStage();
    await cutLog(stage);
    const told = remedyIn((await stage.run(['rebuild', '--accept-shortened-log'])).stderr);
    expect(told).toBe('if that is meant: scenedim rebuild --accept-shortened-log --confirm scene');
    expect((await stage.paste(told.slice('if that is meant: '.length))).code).toBe(0);
    expect((await stage.run(['verify'])).code).toBe(0);
  });

  test('by nothing is not accepted, only rebuilt', async () => {
    await using stage = await createRemedyStage();
    expect((await stage.run(['sync'])).code).toBe(0);
    const told = remedyIn((await stage.run(['rebuild', '--accept-shortened-log'])).stderr);
    expect(told).toBe('run scenedim rebuild');
    expect((await stage.paste(told.slice('run '.length))).code).toBe(0);
  });

  test('of its bodies exports again when they are restored', async () => {
    await using stage = await createRemedyStage();
    expect((await stage.run(['sync'])).code).toBe(0);
    const backup = [...stage.target.payloads];
    stage.target.payloads.clear();
    expect(remedyIn((await stage.run(['export-log', '--output', 'log'])).stderr)).toBe(
      'restore scene_payload from a backup; `scenedim verify` lists what is missing',
    );
    expect((await stage.run(['verify'])).stdout).toContain(appId);
    for (const [hash, body] of backup) stage.target.payloads.set(hash, body);
    expect((await stage.run(['export-log', '--output', 'log'])).code).toBe(0);
    expect((await stage.run(['verify'])).code).toBe(0);
  });
});

/** Leaves a copy of the log in `copy.ndjson`. */
async function cutLog(stage: RemedyStage): Promise<void> {
  expect((await stage.run(['sync'])).code).toBe(0);
  stage.simulator.change({ change: 'rename', key: 4, name: '新' });
  expect((await stage.run(['sync'])).code).toBe(0);
  expect((await stage.run(['export-log', '--output', 'copy.ndjson'])).code).toBe(0);
  change(stage, (rows) => ({ ...rows, observations: new Map([...rows.observations].slice(1)) }));
}

describe('stored rows that are damaged are computed from the log:', () => {
  const verifyThenRebuild = 'run `scenedim verify`, then `scenedim rebuild`';

  test.each<[string, (rows: AccountRows) => AccountRows, string]>([
    ['no row of the dimension', (rows) => ({ ...rows, versions: new Map() }), verifyThenRebuild],
  ])('%s', async (_, spoil, remedy) => {
    await using stage = await createRemedyStage();
    expect((await stage.run(['sync'])).code).toBe(0);
    change(stage, spoil);
    stage.simulator.change({ change: 'rename', key: 4, name: '新' });
    expect(await stage.problems()).toMatchObject([{ remedy }]);
    expect((await stage.run(['verify'])).stdout).toContain(
      'scenedim rebuild recomputes the dimension from the observations',
    );
    expect((await stage.run(['rebuild'])).code).toBe(0);
    expect(await stage.problems()).toEqual([]);
    expect((await stage.run(['verify'])).code).toBe(0);
  });

  test('no row of an account whose answer is to be accepted', async () => {
    await using stage = await createRemedyStage();
    stage.simulator.inject({ fault: 'empty_list', times: 1 });
    expect((await stage.run(['sync'])).code).toBe(65);
    change(stage, (rows) => ({ ...rows, head: null }));
    const accept = ['accept', '--app-id', appId];
    expect(remedyIn((await stage.run(accept)).stderr)).toBe(verifyThenRebuild);
    expect((await stage.run(['verify'])).code).toBe(65);
    expect((await stage.run(['rebuild'])).code).toBe(0);
    expect((await stage.run(accept)).code).toBe(0);
  });
});

function change({ target }: RemedyStage, spoil: (rows: AccountRows) => AccountRows): void {
  for (const [id, rows] of target.accounts) target.accounts.set(id, spoil(rows));
}

async function damage(stage: RemedyStage, change: (target: RemedyStage['target']) => object): Promise<void> {
  expect((await stage.run(['sync'])).code).toBe(0);
  Object.assign(stage.target, change(stage.target));
}

test('answers that are repeated are deleted by the command that is printed', async () => {
  await using stage = await createRemedyStage();
  const answerOf = (day: number) => line.replace('03-01', `03-0${day}`);
  await stage.prepare({ files: { 'log.ndjson': `${[1, 2, 3, 4].map(answerOf).join('\n')}\n` } });
  expect((await stage.run(['replay', 'log.ndjson'])).code).toBe(0);
  const unconfirmed = await stage.run(['compact', '--keep', '1h30m']);
  expect(unconfirmed.stderr).toContain('it would delete 2 repeated observations of 1 account from before ');
  const otherSchema = await stage.run(['compact', '--keep', '1h30m', '--confirm', 'other']);
  for (const { code, stderr } of [unconfirmed, otherSchema]) {
    const told = 'if that is meant: scenedim compact --keep 1h30m --confirm scene';
    expect([code, remedyIn(stderr)]).toEqual([64, told]);
  }
  expect(stage.target.accounts.get(appId)?.observations.size).toBe(4);
  const { code, stdout } = await stage.paste('scenedim compact --keep 1h30m --confirm scene');
  expect([code, stdout]).toEqual([0, expect.stringContaining('deleted 2 repeated observations of 1 account')]);
  expect(stage.target.accounts.get(appId)?.observations.size).toBe(2);
  expect(await stage.run(['compact', '--keep', '0'])).toMatchObject({
    code: 0,
    stdout: 'compact  nothing to compact\n',
  });
});
