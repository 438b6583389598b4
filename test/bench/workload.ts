/** The files that loads start from. The same numbers of accounts and scenes give the same bytes. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export const scenesAnAccount = 50;

export interface Workload {
  readonly accounts: number;
  readonly rows: number;
  /** One answer of each account in the format of `replay`. */
  readonly files: Readonly<Record<WorkloadFile, string>>;
  /** What changes between `first` or `later` and `changed`. */
  readonly changes: { readonly opened: number; readonly closed: number };
  /** The rows of `first` as `COPY` reads them. */
  readonly flatFile: string;
}

/**
 * The day of January at which each file was answered. `later` says what `first` says; `changed` has
 * what {@link scenesOf} changes; `shuffled` is `first` in another order of accounts.
 */
export const workloadFiles = { first: 1, later: 2, changed: 3, shuffled: 1 } as const;
export type WorkloadFile = keyof typeof workloadFiles;

type Scene = readonly [key: number | string, name: string];

const names = ['小程序历史列表', '搜索', '扫一扫', '公众号菜单', '模板消息', '朋友圈', '附近的小程序', '支付完成页'];

/** A name that is hard to quote, now and then. */
const oddNames = ['发现栏, "更多"', 'C:\\扫码\\入口', "搜索 'a'", '浮窗 😀'];

function nameOf(account: number, index: number): string {
  const n = account * scenesAnAccount + index;
  if (n % 997 === 0) return `${oddNames[n % oddNames.length]}${n}`;
  return `${names[n % names.length]}${account % 89}-${index}`;
}

/**
 * With `changed`, 1 % of the names differ, 1 % of the accounts lack a key and another 1 % have a
 * new one.
 */
export function* scenesOf(account: number, changed: boolean, scenes = scenesAnAccount): Generator<Scene> {
  for (let index = 0; index < scenes - 1; index += 1) {
    if (changed && account % 100 === 3 && index === 2) continue;
    const renamed = changed && (account * scenes + index) % 100 === 37;
    yield [index + 1, `${nameOf(account, index)}${renamed ? '(改)' : ''}`];
  }
  if (changed && account % 100 === 7) yield [1001, '新场景'];
  yield ['@_all', '全部'];
}

/** Writes the files of so many accounts. */
export async function writeWorkload(
  folder: string,
  accounts: number,
  scenes = scenesAnAccount,
  wanted: readonly WorkloadFile[] = ['first', 'later', 'changed', 'shuffled'],
): Promise<Workload> {
  const fileOf = (name: string) => join(folder, `${accounts}x${scenes}-${name}`);
  const files = { first: '', later: '', changed: '', shuffled: '' };
  for (const name of wanted) {
    files[name] = fileOf(`${name}.ndjson`);
    await write(files[name], linesOf(name, accounts, scenes));
  }
  const flatFile = fileOf('flat.tsv');
  await write(flatFile, flatRows(accounts, scenes));
  const rows = accounts * scenes;
  return { accounts, rows, files, flatFile, changes: countChanges(accounts, scenes) };
}

function write(file: string, lines: Iterable<string>): Promise<void> {
  return pipeline(Readable.from(lines), createWriteStream(file));
}

export const appIdOf = (account: number): string => `wx${account.toString(16).padStart(16, '0')}`;

/** The answer of an account, as WeChat sends it. */
export function bodyOf(account: number, changed: boolean, scenes = scenesAnAccount): string {
  const scene = Array.from(scenesOf(account, changed, scenes), ([value, name]) => ({ name, value }));
  return JSON.stringify({ errcode: 0, errmsg: 'ok', scene });
}

function* linesOf(file: WorkloadFile, accounts: number, scenes: number): Generator<string> {
  for (let n = 0; n < accounts; n += 1) {
    const account = file === 'shuffled' ? elsewhere(n, accounts) : n;
    const at = `2026-01-0${workloadFiles[file]}T02:${pad((account / 60) % 60)}:${pad(account % 60)}Z`;
    yield `{"app_id":"${appIdOf(account)}","observed_at":"${at}","body":${bodyOf(account, file === 'changed', scenes)}}\n`;
  }
}

const pad = (number: number): string => String(Math.floor(number)).padStart(2, '0');

/** Each number once, in another order, unless `accounts` is a multiple of the prime. */
const prime = 7_919;
const elsewhere = (n: number, accounts: number): number => (n * prime) % accounts;

function* flatRows(accounts: number, scenes: number): Generator<string> {
  for (let account = 0; account < accounts; account += 1) {
    const rows = Array.from(scenesOf(account, false, scenes), ([key, name]) => {
      return `${appIdOf(account)}\t${key}\t${name.replaceAll('\\', '\\\\')}\n`;
    });
    yield rows.join('');
  }
}

function countChanges(accounts: number, scenes: number): Workload['changes'] {
  let opened = 0;
  let closed = 0;
  for (let account = 0; account < accounts; account += 1) {
    const before = new Map(scenesOf(account, false, scenes));
    const after = new Map(scenesOf(account, true, scenes));
    for (const [key, name] of after) if (before.get(key) !== name) opened += 1;
    for (const [key, name] of before) if (after.get(key) !== name) closed += 1;
  }
  return { opened, closed };
}
