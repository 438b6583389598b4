/** What cannot be undone is asked about on a terminal, and needs `--confirm` where there is none. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { askConsent } from '../../../../src/commands/session/consent.ts';
import type { Session } from '../../../../src/commands/session/session.ts';
import { ScenedimError } from '../../../../src/errors.ts';
import { onTerminal, type TerminalOutcome } from '../../../support/on-terminal.ts';
import { appId, createRemedyStage, memoryFactory, type RemedyStage } from '../../../support/remedy-stage.ts';

type Ask = (args: readonly string[], answer: string | null) => Promise<TerminalOutcome>;

/** A stage whose commands are typed at a terminal. */
async function terminalStage(): Promise<{ stage: RemedyStage; ask: Ask } & AsyncDisposable> {
  const stage = await createRemedyStage();
  await stage.prepare({});
  return {
    stage,
    ask: (args, answer) => onTerminal(stage.directory, args, answer),
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

const noes = ['', 'n', 'yess', null];

const answerOf = (day: number) =>
  JSON.stringify({
    app_id: 'wx1',
    observed_at: `2026-01-0${day}T00:00:00Z`,
    body: { scene: [{ name: day === 1 ? 'before' : 'A', value: 1 }] },
  });

async function replay({ stage, ask }: { stage: RemedyStage; ask: Ask }, days: readonly number[]): Promise<void> {
  await stage.prepare({ files: { 'log.ndjson': `${days.map(answerOf).join('\n')}\n` } });
  expect((await ask(['replay', 'log.ndjson'], null)).code).toBe(0);
}

test('compact deletes only after a yes', async () => {
  await using terminal = await terminalStage();
  const { stage, ask } = terminal;
  await replay(terminal, [2, 3, 4, 5]);
  const stored = () => stage.target.accounts.get('wx1')?.observations.size;
  const compact = ['compact', '--keep', '1d'];
  for (const answer of noes) {
    const { code, printed } = await ask(compact, answer);
    expect([code, printed, stored()]).toEqual([0, expect.stringContaining('nothing was deleted'), 4]);
  }
  const done = await ask(compact, 'y');
  expect(done.asked).toMatch(/^delete 2 repeated observations of 1 account from before .+\? \[y\/N\]: $/);
  expect([done.printed, stored()]).toEqual([expect.stringContaining('deleted 2 repeated observations'), 2]);
  const timeOf = (text: string) => /from before (\S+Z)/.exec(text)?.[1];
  expect(timeOf(done.printed)).toBe(timeOf(done.asked) ?? 'a time');
  stage.target.payloads.set('0'.repeat(64), Buffer.from('left behind'));
  const dryRun = await ask([...compact, '--dry-run'], null);
  expect(dryRun.printed).toContain('would delete 1 body that no observation names (11 bytes)\n');
  const runs = [...stage.target.runs.values()].filter(({ command }) => command === 'compact');
  expect(runs).toMatchObject([{ outcome: 'ok' }]);
});

test('a question leaves the line to the terminal, whose Ctrl-C is a signal, and a signal ends it', async () => {
  const stopped = new AbortController();
  const setRawMode = vi.fn();
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode });
  const stderr = Object.assign(new PassThrough(), { isTTY: true });
  const screen = { isTerminal: true };
  const session = { stdin, stderr, screen, signal: stopped.signal } as unknown as Session;
  const request = { name: 'scene', kind: 'the schema', given: undefined, command: 'compact' };
  const asked = askConsent(session, request, 'go on');
  await once(stderr, 'data');
  const reason = new ScenedimError('interrupted', 'stopped by SIGINT');
  stopped.abort(reason);
  await expect(asked).rejects.toBe(reason);
  expect(setRawMode).not.toHaveBeenCalled();
});

test('rebuild gives up what a cut log does not say any more only after a yes; without, such accounts stay', async () => {
  await using terminal = await terminalStage();
  const { stage, ask } = terminal;
  await replay(terminal, [1, 2]);
  const rows = stage.target.accounts.get('wx1');
  if (rows === undefined) throw new Error('no rows of the account');
  stage.target.accounts.set('wx1', { ...rows, observations: new Map([...rows.observations].slice(1)) });
  const names = () =>
    [...(stage.target.accounts.get('wx1')?.versions.values() ?? [])].map(({ sceneName }) => sceneName);
  const rebuild = ['rebuild', '--accept-shortened-log'];
  for (const answer of noes) {
    const { code, asked } = await ask(rebuild, answer);
    expect([code, asked]).toEqual([65, 'date anew or lose 2 versions of 1 account (wx1)? [y/N]: ']);
    expect(names()).toEqual(['before', 'A']);
  }
  expect((await ask(rebuild, 'yes')).code).toBe(0);
  expect(names()).toEqual(['A']);
});

test('token refresh replaces a token only after a yes', async () => {
  await using terminal = await terminalStage();
  const { stage, ask } = terminal;
  await stage.prepare({
    config: { source: { baseUrl: stage.simulator.url, accounts: [{ appId, appSecret: { file: 'secret' } }] } },
    files: { secret: stage.simulator.appSecret(appId) },
  });
  const refresh = ['token', 'refresh', '--app-id', appId];
  const before = stage.simulator.accessToken(appId);
  for (const answer of noes) {
    const { code, printed, asked } = await ask(refresh, answer);
    expect([code, printed, stage.simulator.accessToken(appId)]).toEqual([0, 'nothing was done\n', before]);
    expect(asked).toBe(`replace the token of ${appId} (whoever uses the present one is refused from then on)? [y/N]: `);
  }
  const declined = JSON.parse((await ask([...refresh, '--json'], 'n')).printed);
  expect([declined, stage.simulator.accessToken(appId)]).toEqual([
    { app_id: appId, replaced: false, allowed_a_day: 20 },
    before,
  ]);
  expect((await ask(refresh, 'y')).printed).toContain('is replaced');
  expect(stage.simulator.accessToken(appId)).not.toBe(before);
});

/** A target of whose migrations the newest drops something. */
const dropping = `
import { loaderFactory as original, memoryTargets } from ${JSON.stringify(memoryFactory)};
export const loaderFactory = {
  ...original,
  async create(section, options) {
    const loader = await original.create(section, options);
    const target = memoryTargets.get(options.baseDirectory);
    return {
      ...loader,
      migrationLosses: (version) => (version < 1 ? ['the column old of dim_scene'] : []),
      migrate(...migration) {
        target.meta = { ...target.meta, schemaVersion: 1 };
        return loader.migrate(...migration);
      },
    };
  },
};
`;

test('a migration that drops something is run after a yes or --confirm, and by no sync', async () => {
  await using terminal = await terminalStage();
  const { stage, ask } = terminal;
  await replay(terminal, [1]);
  await stage.prepare({ config: { target: { type: './dropping.mjs' } }, files: { 'dropping.mjs': dropping } });
  const { target } = stage;
  const age = () => {
    if (target.meta !== null) target.meta = { ...target.meta, schemaVersion: 0 };
  };
  age();
  const sync = await stage.run(['sync']);
  expect([sync.code, sync.stderr]).toEqual([
    78,
    expect.stringContaining('must be migrated, which drops the column old of dim_scene for good'),
  ]);
  expect(sync.stderr).toContain('remedy: run `scenedim migrate`, which asks first');
  const check = await stage.run(['check']);
  expect([check.code, check.stdout]).toEqual([
    78,
    expect.stringContaining('drops the column old of dim_scene for good'),
  ]);
  for (const answer of noes) {
    const { code, printed, asked } = await ask(['migrate'], answer);
    expect([code, printed, asked]).toEqual([
      0,
      'nothing was done\n',
      'drop the column old of dim_scene for good? [y/N]: ',
    ]);
    expect(target.meta?.schemaVersion).toBe(0);
  }
  const declined = JSON.parse((await ask(['migrate', '--json'], 'n')).printed);
  expect(declined).toEqual({ from_version: 0, to_version: 0, applied: [] });
  const unasked = await stage.run(['migrate']);
  expect([unasked.code, unasked.stderr]).toEqual([
    64,
    expect.stringContaining('remedy: if that is meant: scenedim migrate --confirm scene\n'),
  ]);
  expect((await stage.run(['migrate', '--confirm', 'other'])).code).toBe(64);
  expect((await ask(['migrate'], 'y')).code).toBe(0);
  expect(target.meta?.schemaVersion).toBe(1);
  expect((await ask(['migrate'], null)).asked).toBe('');
  age();
  expect((await stage.paste('scenedim migrate --confirm scene')).code).toBe(0);
  expect((await stage.run(['sync'])).code).toBe(0);
});
