import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandList } from '../../src/commands/command-list.ts';
import { outputNames } from '../../src/commands/output-schemas.ts';
import { simulateDocumentSchema } from '../../src/commands/simulate.ts';
import { untilHeld } from '../support/pglite-lock.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { cliPath, ended, runCli, startCli } from '../support/spawn-cli.ts';

let cwd = '';
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'scenedim-cli-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}, input = '') =>
  runCli(args, { cwd, env, input });

const names = commandList.map(({ name }) => name);
const stackTrace = /\n\s+at .+[:(]/;

describe('help', () => {
  test.each(names)('of %s fits into 80 columns and has examples', async (name) => {
    const { code, stdout, stderr } = await run([name, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`Usage: scenedim ${name} `);
    expect(stdout).toContain('\nExamples:\n');
    const [options = ''] = stdout.split('\nExamples:\n');
    expect(options.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test('of the program lists every command', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const { name, summary } of commandList) expect(stdout).toMatch(new RegExp(`^  ${name} .*${summary}$`, 'm'));
  });

  test('is given for `help sync` too', async () => {
    expect((await run(['help', 'sync'])).stdout).toBe((await run(['sync', '--help'])).stdout);
  });
});

describe('the version', () => {
  test('is that of package.json', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    expect((await run(['sync', '--version'])).stdout).toBe(`${version}\n`);
  });

  test('ends with 74 on a full disk, without a stack trace', () => {
    const { status, stderr } = spawnSync('sh', ['-c', '"$@" >/dev/full', '', process.execPath, cliPath, '--version']);
    expect([status, String(stderr)]).toEqual([
      74,
      'error: standard output cannot be written (ENOSPC)\nremedy: make room where the output goes\n',
    ]);
  });

  test('says nothing to a reader that went away', () => {
    const script = '{ sleep 0.3; "$@"; echo "$?" >&2; } | :';
    expect(String(spawnSync('sh', ['-c', script, '', process.execPath, cliPath, '--version']).stderr)).toBe('74\n');
  });
});

const giveValue = 'give it a value; in a script, a variable may not be set';
const orLeave = 'give it a value, or leave it out; in a script, a variable may not be set';

describe('a mistake on the command line exits with 64 and says what to do', () => {
  test.each([
    [[], 'no command is given', '`scenedim --help` lists the commands'],
    [['snyc'], "unknown command 'snyc'", 'did you mean sync?'],
    [['help', 'histroy'], "unknown command 'histroy'", 'did you mean history?'],
    [['help', 'qqqqq'], "unknown command 'qqqqq'", '`scenedim --help` lists the commands'],
    [['version'], "unknown command 'version'", 'did you mean --version?'],
    [['-v'], "unknown option '-v'", 'did you mean --version?'],
    [['--config', '', 'sync'], '--config is empty', orLeave],
    [['accept', '--app-id='], '--app-id is empty', giveValue],
    [['history', ''], '<key> is empty', giveValue],
    [['sync', '--grace', ''], '--grace is empty', orLeave],
    [['sync', '--max-agee', '6h'], "unknown option '--max-agee'", 'did you mean --max-age?'],
    [
      ['sync', '--max-age', '6'],
      '--max-age: "6" is not a duration',
      'write a number with a unit, like 90s, 30m, 6h or 2d',
    ],
    [['sync', '--shard', '4/4'], '--shard: "4/4" is not a shard', 'write I/N with I from 0 to N-1, like 0/4'],
    [
      ['sync', 'extra'],
      "too many arguments for 'sync'. Expected 0 arguments but got 1: extra.",
      '`scenedim sync --help` shows what it takes',
    ],
    [['accept'], "required option '--app-id <id>' not specified", '`scenedim accept --help` shows what it takes'],
    [['replay'], "missing required argument 'file'", '`scenedim replay --help` shows what it takes'],
    [['--qqqqq'], "unknown option '--qqqqq'", '`scenedim --help` lists commands and options'],
    [
      ['hold', '--app-id', 'a', '--observed-at', 'noon'],
      '--observed-at: "noon" is not an RFC 3339 time with an offset, of the years 1 to 9999 in UTC',
      'write it like 2026-03-01T00:00:00Z or 2026-03-01T08:00:00+08:00',
    ],
    [['export', '--format', 'parket'], '--format: "parket" is not known', 'use one of ndjson, csv, parquet'],
    [
      ['export', '--output', 'scenes.xlsx'],
      '--output: the ending .xlsx names no format of an export',
      'end the name in .ndjson, .csv or .parquet, or add --format; nothing is compressed',
    ],
    [['export', '--columns', 'scene_kee'], '--columns: dim_scene has no column "scene_kee"', 'did you mean scene_key?'],
    [['export', '--columns', 'app_id,app_id'], '--columns: app_id is there twice', 'name every column once'],
    [
      ['export', '--bom', '--excel-safe'],
      '--bom is about csv, and the format is ndjson',
      'add --format csv, or leave --bom out',
    ],
    [
      ['export', '--format', 'parquet', '--excel-safe'],
      '--excel-safe is about csv, and the format is parquet',
      'add --format csv, or leave --excel-safe out',
    ],
    [
      ['export', '--current', '--as-of', '2026-03-01T00:00:00Z'],
      '--as-of and --current exclude each other',
      'leave one of them out',
    ],
    [
      ['status', '--log-level', 'loud'],
      '--log-level: "loud" is not known',
      'use one of debug, info, warn, error, silent',
    ],
    [['init'], 'init asks questions, and there is no terminal to ask on', 'add --yes to take the defaults'],
    [
      ['plan', '--input', 'log.ndjson', '--max-age', '6h'],
      '--max-age has no meaning with --input',
      'leave it out: every recorded answer is looked at, as replay would',
    ],
    [['schema', 'confg'], 'there is no schema "confg"', 'did you mean config?'],
    [['schema', 'odcs'], 'there is no schema "odcs"', 'did you mean --format odcs?'],
    [['simulate', '--port', 'x'], '--port: "x" is not a port', 'write a number from 0 to 65535'],
  ] as const)('%j', async (args, message, remedy) => {
    const plain = await run(args);
    expect(plain).toEqual({ code: 64, stdout: '', stderr: `error: ${message}\nremedy: ${remedy}\n` });
    const json = await run([...args, '--json']);
    expect([json.code, JSON.parse(json.stdout)]).toEqual([64, { error: { code: 'usage', message, remedy } }]);
    const { stderr } = await run(args, { SCENEDIM_LOG_FORMAT: 'json' });
    expect(JSON.parse(stderr)).toMatchObject({ level: 'error', code: 'usage', message, remedy });
  });
});

test('data on stdout and a document on stdout exclude each other', async () => {
  const { code, stdout } = await run(['export', '--json']);
  expect([code, JSON.parse(stdout).error.message]).toEqual([
    64,
    '--json prints one document about the result, and the result itself goes to stdout',
  ]);
});

test('a defect exits with 70, says so, and shows where only when asked', async () => {
  writeFileSync(
    join(cwd, 'broken.mjs'),
    'export const loaderFactory = { parseConfig: (x) => x, create: () => { throw new TypeError("oh") } };\n',
  );
  writeFileSync(join(cwd, 'broken.yaml'), 'target: { type: ./broken.mjs }\n');
  const plain = await run(['status', '-c', 'broken.yaml']);
  expect([plain.code, plain.stderr]).toEqual([
    70,
    'error: TypeError: oh (this is a bug of scenedim)\nremedy: run it again with --log-level debug, which shows where it happened, and report that\n',
  ]);
  expect((await run(['status', '-c', 'broken.yaml', '--log-level', 'debug'])).stderr).toMatch(/\n\s+at .*broken\.mjs/);
});

describe('a mistake in the config', () => {
  test('exits with 78, with one JSON document under --json', async () => {
    writeFileSync(join(cwd, 'bad.yaml'), 'target: { type: pglite }\ngaurds: {}\n');
    const plain = await run(['status', '-c', 'bad.yaml']);
    expect(plain).toEqual({
      code: 78,
      stdout: '',
      stderr:
        'error: bad.yaml:2:1: gaurds: unknown key; did you mean guards?\nremedy: `scenedim schema config` lists every setting\n',
    });
    const json = await run(['status', '-c', 'bad.yaml', '--json']);
    expect([json.code, JSON.parse(json.stdout).error.code]).toEqual([78, 'config_invalid']);
  });

  test('exits with 78 when there is none, before anything else', async () => {
    const { code, stderr } = await run(['sync']);
    expect(code).toBe(78);
    expect(stderr).toContain('no config: neither scenedim.yaml nor config/scenedim.yaml exists here');
  });

  test('exits with 78 when a command that fetches has no source', async () => {
    writeFileSync(join(cwd, 'no-source.yaml'), 'target: { type: memory }\n');
    const { code, stderr } = await run(['sync', '-c', 'no-source.yaml']);
    expect([code, stderr.split('\n')[0]]).toEqual([
      78,
      'error: no-source.yaml: source: missing, and this command fetches from WeChat',
    ]);
  });
});

test.each([
  [['verify'], 78],
  [['accept', '--app-id', 'wx1'], 78],
  [['hold', '--app-id', 'wx1', '--observed-at', '2026-03-01T00:00:00Z'], 78],
  [['rebuild'], 78],
  [['rebuild', '--accept-shortened-log', '--confirm', 'scene'], 78],
  [['compact', '--keep', '90d', '--confirm', 'scene'], 78],
  [['migrate', '--print-sql'], 0],
] as const)('%j makes no database where none is', async (args, status) => {
  writeFileSync(join(cwd, 'vacant.yaml'), 'target: { type: pglite, path: ./vacant/scene }\n');
  const { code, stderr } = await run([...args, '--config', 'vacant.yaml']);
  expect([code, stderr]).toEqual([status, expect.stringContaining(status === 0 ? '' : 'holds no scenedim schema yet')]);
  expect(existsSync(join(cwd, 'vacant'))).toBe(false);
});

describe('files', () => {
  test('that cannot be read exit with 74', async () => {
    writeFileSync(join(cwd, 'memory.yaml'), 'target: { type: memory }\n');
    const { code, stderr } = await run(['replay', 'no.ndjson', '-c', 'memory.yaml']);
    expect([code, stderr.split('\n')[0]]).toEqual([74, 'error: no.ndjson does not exist']);
  });

  test('of bad lines exit with 65 and name the line', async () => {
    writeFileSync(join(cwd, 'bad.ndjson'), '{"app_id":"wx1"}\n');
    const { code, stdout, stderr } = await run([
      'replay',
      'bad.ndjson',
      '-c',
      'memory.yaml',
      '--json',
      '--log-level',
      'error',
    ]);
    expect(code).toBe(65);
    expect(stderr).toMatch(/^error: bad\.ndjson:1: /);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'refused', problems: [{ kind: 'bad_line' }] });
  });

  test('of bad lines are named in either format of the log, and in JSON every line is JSON', async () => {
    const args = ['replay', 'bad.ndjson', '-c', 'memory.yaml', '--log-format'];
    const pretty = await run([...args, 'pretty']);
    expect(pretty.stderr).toMatch(/^error: bad\.ndjson:1: observed_at is missing\nremedy: .+\n$/m);
    const { code, stderr } = await run([...args, 'json']);
    const lines = stderr.trimEnd().split('\n');
    expect([code, lines.map((text) => JSON.parse(text))]).toEqual([
      65,
      [
        {
          level: 'error',
          time: expect.any(String),
          code: 'bad_line',
          message: 'bad.ndjson:1: observed_at is missing',
          remedy: 'correct the line and run the whole file again: what is stored already is not stored twice',
          msg: 'the command failed',
        },
        expect.objectContaining({ level: 'warn', outcome: 'refused', msg: 'replay ended' }),
      ],
    ]);
  });

  test('that are directories are not advised to be overwritten', async () => {
    for (const force of [[], ['--force']]) {
      const { code, stderr } = await run(['init', '--yes', ...force, '-c', '.']);
      expect([code, stderr]).toEqual([
        74,
        'error: . is a directory\nremedy: name a file in it: --config scenedim.yaml\n',
      ]);
    }
  });

  test('of scripts that are not there come with a remedy', async () => {
    expect(await run(['simulate', '--script', 'no.yaml'])).toEqual({
      code: 74,
      stdout: '',
      stderr:
        'error: script no.yaml does not exist\nremedy: correct --script; it is relative to the directory that you are in\n',
    });
  });

  test('of init are written once, unless forced', async () => {
    const first = await run(['init', '--yes', '--config', 'made/new.yaml']);
    expect([first.code, first.stderr]).toEqual([0, '']);
    const again = await run(['init', '--yes', '--config', 'made/new.yaml', '--json']);
    expect([again.code, JSON.parse(again.stdout).error]).toEqual([
      74,
      {
        code: 'file_unusable',
        message: 'made/new.yaml exists already',
        remedy: 'add --force to overwrite it, or name another file with --config',
      },
    ]);
    const forced = await run(['init', '--yes', '--force', '--config', 'made/new.yaml', '--json']);
    expect([forced.code, JSON.parse(forced.stdout)]).toEqual([0, { file: 'made/new.yaml' }]);
  });
});

describe('schemas', () => {
  test.each(['config', ...outputNames])('%s is JSON Schema', async (name) => {
    const { code, stdout } = await run(['schema', name]);
    expect([code, JSON.parse(stdout).$schema]).toEqual([0, 'https://json-schema.org/draft/2020-12/schema']);
  });
});

describe('the simulator', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops cleanly on %s', async (signal, code) => {
    const child = startCli(['simulate', '--json'], { cwd });
    const result = ended(child);
    await once(child.stdout, 'data');
    child.kill(signal);
    expect(await result).toMatchObject({ code, stderr: '' });
  });
});

test('the simulator of a platform prints how to use it, and answers as it says', async () => {
  const options = ['--platform', 'wxplatform', '--accounts', '12', '--latency', '1'];
  const printed = async (args: readonly string[]) => {
    const child = startCli(['simulate', ...options, ...args], { cwd });
    const [text] = await once(child.stdout, 'data');
    return { child, text: String(text) };
  };
  const { child, text } = await printed([]);
  expect(text).toContain('  and 2 others, up to wx0000000000000012\n');
  const url = /componentAccessToken: \{ url: '(\S+)', pointer: \/component_access_token \}/.exec(text)?.[1] ?? '';
  expect(await (await fetch(url)).json()).toMatchObject({ component_app_id: 'wxplatform' });
  child.kill('SIGTERM');

  const json = await printed(['--json']);
  const { platform, accounts, url: base } = simulateDocumentSchema.parse(JSON.parse(json.text));
  const query = `component_access_token=${platform?.component_access_token}`;
  const body = JSON.stringify({ component_appid: platform?.component_app_id, offset: 0, count: 1 });
  const roster = await fetch(`${base}/cgi-bin/component/api_get_authorizer_list?${query}`, { method: 'POST', body });
  expect(await roster.json()).toMatchObject({
    total_count: accounts.length,
    list: [{ authorizer_appid: accounts[0]?.app_id }],
  });
  json.child.kill('SIGTERM');
});

describe('a dimension from end to end', () => {
  const line = (at: string, names: readonly string[]) => {
    const scene = names.map((name, index) => ({ name, value: index + 1 }));
    return `${JSON.stringify({ app_id: 'wx1', observed_at: at, body: { errcode: 0, scene } })}\n`;
  };
  const config = ['-c', 'db.yaml'];
  let log = '';

  beforeAll(async () => {
    writeFileSync(join(cwd, 'db.yaml'), 'target: { type: pglite, path: ./db }\n');
    await copyPglite(join(cwd, 'db'));
    log =
      line('2026-01-01T00:00:00Z', ['A', 'B', 'C', 'D', 'E']) +
      line('2026-01-02T00:00:00Z', ['A2', 'B', 'C', 'D', 'E']);
    writeFileSync(join(cwd, 'log.ndjson'), log);
    const { code, stderr } = await run([
      'replay',
      'log.ndjson',
      ...config,
      '--json',
      '--metrics-file',
      'scenedim.prom',
    ]);
    expect([code, stderr.match(stackTrace)]).toEqual([0, null]);
  });

  test('prints one document under --json, whatever the command', async () => {
    for (const args of [
      ['replay', '-'],
      ['status'],
      ['history', '1'],
      ['verify'],
      ['check'],
      ['migrate'],
      ['rebuild'],
      ['compact', '--keep', '0'],
      ['compact', '--keep', '0', '--dry-run'],
      ['accept', '--app-id', 'wx1'],
      ['export', '-o', 'x.csv', '--format', 'csv'],
      ['export', '-o', 'x.parquet', '--format', 'parquet'],
      ['export-log', '-o', 'x.ndjson'],
      ['plan', '--input', 'log.ndjson'],
    ]) {
      const { code, stdout, stderr } = await run([...args, ...config, '--json', '--log-level', 'warn'], {}, log);
      expect([args, code, stderr]).toEqual([args, 0, '']);
      expect(JSON.parse(stdout)).toBeTypeOf('object');
    }
  });

  test('leaves metrics behind', () => {
    expect(readFileSync(join(cwd, 'scenedim.prom'), 'utf8')).toMatch(
      /^scenedim_run_versions\{command="replay",target="file\/.*db\.scene",change="opened"\} 6$/m,
    );
  });

  test('is planned change by change, and nothing is said to be written', async () => {
    const renamed = line('2026-02-01T00:00:00Z', ['A3', 'B', 'C', 'D']);
    const { code, stdout } = await run(['plan', '--input', '-', ...config], {}, renamed);
    expect([code, stdout.replace(/in \d.*/, 'in …')]).toEqual([
      0,
      [
        '  scene  change              since',
        '      5  closes E (removed)  2026-02-01T00:00:00Z',
        '      1  A2 -> A3            2026-02-01T00:00:00Z',
        '',
        'plan  done in …',
        '  accounts      1 selected, 1 changed',
        '  observations  1 would be recorded',
        '  versions      1 would be opened, 2 would be closed',
        '',
      ].join('\n'),
    ]);
    const quiet = await run(['plan', '--input', '-', ...config, '--quiet'], {}, renamed);
    expect([quiet.stderr, stdout.startsWith(`${quiet.stdout}\nplan `)]).toEqual(['', true]);
    const json = await run(['plan', '--input', '-', ...config, '--json'], {}, renamed);
    expect(JSON.parse(json.stdout).versions).toEqual({ opened: 1, closed: 2, rewritten: 0, removed: 0 });
  });

  test('holds an answer that lost its scenes: 65, until it is accepted', async () => {
    const shrunk = line('2026-01-03T00:00:00Z', ['A2']);
    const planned = await run(['plan', '--input', '-', ...config], {}, shrunk);
    expect(planned.stdout).toContain('A plan stores nothing: `scenedim accept` finds');
    const held = await run(['replay', '-', ...config, '--log-level', 'error'], {}, shrunk);
    expect([held.code, held.stderr]).toEqual([65, '']);
    expect(held.stdout).toContain('remedy: if the answer is right: scenedim accept --app-id wx1\n');
    expect(held.stdout).not.toContain('A plan stores nothing');
    const effect = 'would remove 4 of 5 scenes, more than guards.maxShrink allows';
    expect(held.stdout).toContain(` ${effect}; it is kept`);
    const check = await run(['check', ...config]);
    expect([check.code, check.stdout]).toEqual([65, expect.stringContaining(` waits for a decision: it ${effect}\n`)]);
    const status = await run(['status', ...config]);
    expect([status.code, status.stdout]).toEqual([
      0,
      expect.stringContaining(
        '\nwx1 is held: the answer of 2026-01-03T00:00:00.000000Z would remove 4 of 5 scenes, more than guards.maxShrink allows\n    remedy: if its newest answer is right: scenedim accept --app-id wx1\n\n1 account: 1 held\n',
      ),
    ]);
    expect((await run(['accept', '--app-id', 'wx1', ...config, '--quiet'])).stdout).toBe('');
    expect((await run(['check', ...config])).code).toBe(0);
  });

  test('does not know an account that never answered', async () => {
    const { code, stdout } = await run(['accept', '--app-id', 'wx-typo', ...config]);
    expect([code, stdout]).toEqual([0, 'account wx-typo is not known here; nothing to accept\n']);
    expect((await run(['accept', '--app-id', 'wx1', ...config])).stdout).toBe('account wx1: nothing to accept\n');
    const noted = await run(['accept', '--app-id', 'wx1', '--note', 'why', ...config]);
    expect(noted.stdout).toBe('account wx1: nothing to accept, so the note is not kept\n');
  });

  test('takes another time zone by migrate, which tells what it did', async () => {
    expect((await run(['migrate', ...config])).stdout).toMatch(/^pglite .+: is up to date, schema version \d+\n$/);
    writeFileSync(join(cwd, 'db-utc.yaml'), 'target: { type: pglite, path: ./db }\ndimension: { timeZone: UTC }\n');
    expect((await run(['migrate', '-c', 'db-utc.yaml'])).stdout).toMatch(
      /^pglite .+: changed, schema version \d+\n {2}date columns are days in UTC now, not in Asia\/Shanghai\n$/,
    );
    expect((await run(['migrate', ...config, '--quiet'])).stdout).toBe('');
  });

  test('is exported to stdout and, all or nothing, to a file', async () => {
    const { stdout } = await run(['export', ...config]);
    await run(['export', ...config, '--output', 'dim.ndjson']);
    expect(readFileSync(join(cwd, 'dim.ndjson'), 'utf8')).toBe(stdout);
    const failed = await run(['export', ...config, '--output', 'no/dim.ndjson']);
    expect([failed.code, existsSync(join(cwd, 'no'))]).toEqual([74, false]);
  });

  test('is exported as Parquet, the same to a pipe and to a file', async () => {
    const parquet = ['export', '--format', 'parquet', ...config];
    const piped = Buffer.concat(await startCli(parquet, { cwd }).stdout.toArray());
    expect([piped.subarray(0, 4), piped.subarray(-4)]).toEqual([Buffer.from('PAR1'), Buffer.from('PAR1')]);
    await run([...parquet, '--output', 'dim.parquet']);
    expect(readFileSync(join(cwd, 'dim.parquet'))).toEqual(piped);
  });

  test('stops quietly when nobody reads any more', async () => {
    const child = startCli(['export-log', ...config], { cwd });
    child.stdout.destroy();
    const result = await ended(child);
    expect(result).toMatchObject({ code: 74, stderr: '' });
  });

  test.each([[], ['--json']])(
    'is verified and compacted as well when nobody reads the result: %j',
    async (...flags) => {
      for (const command of [['verify'], ['compact', '--keep', '90d', '--confirm', 'scene']]) {
        const child = startCli([...command, ...flags, ...config, '--log-format', 'json'], { cwd });
        child.stdout.destroy();
        const { code, stderr } = await ended(child);
        const { exit_code, error } = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '');
        expect([code, exit_code, error]).toEqual([0, 0, undefined]);
      }
    },
  );

  test('has no colours where there is no terminal, and none under NO_COLOR', async () => {
    const { stdout, stderr } = await run(['status', ...config], { NO_COLOR: '1' });
    expect(stdout + stderr).not.toContain('\u001b');
  });

  test('is looked up with a hint when a launch scene is asked for', async () => {
    expect((await run(['history', '1011', ...config])).stdout).toBe(
      '1011 is a launch scene, not a scene key: it is counted under access source 4\n  scenedim history 4\n',
    );
  });

  test('is left at once by a replay that waits for its input, on SIGTERM', async () => {
    const child = startCli(['replay', '-', ...config, '--log-level', 'debug', '--log-format', 'json'], { cwd });
    const result = ended(child);
    await untilHeld(join(cwd, 'db'), child);
    child.kill('SIGTERM');
    const { code, stderr } = await result;
    expect([code, stderr.match(stackTrace)]).toEqual([143, null]);
    expect((await run(['verify', ...config])).code).toBe(0);
  });

  test('is not read by two processes at once: 75', async () => {
    const child = startCli(['replay', '-', ...config], { cwd });
    const result = ended(child);
    await untilHeld(join(cwd, 'db'), child);
    const other = await run(['status', ...config]);
    child.stdin.end();
    expect([other.code, (await result).code]).toEqual([75, 0]);
  });
});
