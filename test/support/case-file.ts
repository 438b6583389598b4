/** Reads the behaviour cases: what each step does and what must be true after it. The file's head explains the format. */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import * as z from 'zod';
import { formatInstant, OPEN_END, parseInstant } from '../../src/instant.ts';

const time = z.union([z.number(), z.string()]);
const observation = z.union([
  z.string(),
  z.strictObject({
    app: z.string().default('x'),
    at: time,
    scenes: z.union([z.map(z.unknown(), z.unknown()), z.array(z.tuple([z.unknown(), z.unknown()]))]).optional(),
    raw: z.string().optional(),
    errcode: z.number().optional(),
    as: z.literal('object').optional(),
  }),
]);
const counts = z.record(z.string(), z.number());
const expectations = {
  rows: z.string().optional(),
  unchanged: z.boolean().optional(),
  exit: z.union([z.number(), z.array(z.number())]).default(0),
  versions: counts.optional(),
  accounts: counts.optional(),
  observations: counts.optional(),
  rejects: z.number().optional(),
  outcome: z.string().optional(),
  kinds: z.map(z.string(), z.string()).optional(),
  values: z.map(z.string(), z.number().nullable()).optional(),
  as_of: z.array(z.strictObject({ at: time, rows: z.string() })).optional(),
  current: z.string().optional(),
  stderr: z.string().optional(),
};
const step = z.strictObject({
  replay: z.union([z.array(observation), z.enum(['again', 'everything'])]).optional(),
  plan: z.array(observation).optional(),
  accept: z.strictObject({ app: z.string(), at: time.optional() }).optional(),
  rebuild: z.strictObject({}).optional(),
  verify: z.strictObject({}).optional(),
  ...expectations,
});
const caseSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  note: z.string().optional(),
  config: z
    .strictObject({
      dimension: z.record(z.string(), z.string()).default({}),
      guards: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
    })
    .default({ dimension: {}, guards: {} }),
  steps: z.array(step),
});

export type Step = z.infer<typeof step>;
export type BehaviourCase = z.infer<typeof caseSchema>;
export type CaseObservation = z.infer<typeof observation>;

/** Every case of the file, checked: an expectation that nobody knows is an error, not ignored. */
export function readCases(path: URL): BehaviourCase[] {
  const document = parseDocument(readFileSync(path, 'utf8'));
  const { cases } = z.strictObject({ cases: z.array(z.unknown()) }).parse(document.toJS());
  return cases.map((_, index) => {
    const node = document.getIn(['cases', index], true);
    return caseSchema.parse(plain(document.createNode(node).toJS(document, { mapAsMap: true })));
  });
}

/** Maps stay maps only where keys may be numbers or must keep their order. */
function plain(value: unknown, key = ''): unknown {
  if (typeof value === 'string')
    return value.replace(/\{\{(.*?)\*(\d+)\}\}/gu, (_, text: string, n: string) => text.repeat(Number(n)));
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (!(value instanceof Map)) return value;
  if (key === 'scenes' || key === 'kinds' || key === 'values') {
    const asText = key === 'scenes' ? (name: unknown) => plain(name) : (name: unknown) => plain(String(name));
    return new Map([...value].map(([name, item]) => [asText(name), key === 'scenes' ? jsonValue(item) : item]));
  }
  return Object.fromEntries([...value].map(([name, item]) => [name, plain(item, String(name))]));
}

function jsonValue(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, item]) => [name, jsonValue(item)]));
  if (Array.isArray(value)) return value.map(jsonValue);
  return plain(value);
}

/** A case's time as RFC 3339 in UTC. */
export function caseTime(value: string | number): string {
  if (typeof value === 'number') return formatInstant(1_767_225_600_000_000n + BigInt(Math.round(value * 86_400e6)));
  if (value === 'epoch') return '1970-01-01T00:00:00Z';
  if (value === '∞') return formatInstant(OPEN_END);
  return value;
}

/** The replay line of an observation. */
export function caseLine(item: CaseObservation): string {
  if (typeof item === 'string') return item;
  const text = caseBody(item);
  const head = { app_id: item.app, observed_at: caseTime(item.at) };
  if (item.as !== 'object') return JSON.stringify({ ...head, body: text });
  return `${JSON.stringify(head).slice(0, -1)},"body":${text}}`;
}

function caseBody(item: Exclude<CaseObservation, string>): string {
  if (item.raw !== undefined) return item.raw;
  if (item.errcode !== undefined) return JSON.stringify({ errcode: item.errcode, errmsg: 'failed' });
  const scenes = item.scenes ?? [];
  const rows =
    scenes instanceof Map
      ? [...scenes].map(([key, name]) => ({ name, value: sentKey(key) }))
      : scenes.map(([value, name]) => ({ name, value }));
  return JSON.stringify({ errcode: 0, errmsg: 'ok', scene: rows });
}

/** A key that looks like an integer is sent as a JSON number. */
function sentKey(key: unknown): unknown {
  const text = String(key);
  return /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : text;
}

const ROW =
  /^(?<app>"(?:[^"\\]|\\.)*"|[^/]+)\/(?<key>"(?:[^"\\]|\\.)*"|.*?) (?<name>"(?:[^"\\]|\\.)*") \[(?<from>[^,]+),(?<to>[^)]+)\)(?: (?<end>\w+))?$/su;

/** Expected rows, in the form of {@link rowText}, sorted. */
export function expectedRows(text: string): string[] {
  if (text.trim() === 'empty') return [];
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const groups = ROW.exec(line.trim())?.groups;
      if (groups === undefined) throw new Error(`not a row: ${line}`);
      const { app = '', key = '', name = '', from = '', to = '', end = '' } = groups;
      return rowText({
        app_id: unquote(app),
        scene_key: unquote(key),
        scene_name: unquote(name),
        effective_from: canonicalTime(from),
        effective_to: canonicalTime(to),
        end_reason: end === '' ? null : end,
      });
    })
    .sort();
}

function unquote(text: string): string {
  return text.startsWith('"') ? String(JSON.parse(text)) : text;
}

function canonicalTime(text: string): string {
  const instant = parseInstant(caseTime(/^\d+(\.\d+)?$/.test(text) ? Number(text) : text));
  if (instant === undefined) throw new Error(`not a time: ${text}`);
  return formatInstant(instant);
}

/** One line that holds everything that a case says about a row. */
export function rowText(row: Readonly<Record<string, unknown>>): string {
  const { app_id, scene_key, scene_name, effective_from, effective_to, end_reason } = row;
  return JSON.stringify({ app_id, scene_key, scene_name, effective_from, effective_to, end_reason });
}
