/** The same log in BigQuery and in a real PostgreSQL: what leaves them is the same to the byte. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { holdReasons, observationStatuses } from '../../src/dimension/observation.ts';
import { endReasons, type FirstSeen, firstSeenModes, valueKinds } from '../../src/dimension/version.ts';
import { requireInstant } from '../../src/instant.ts';
import type { Loader } from '../../src/load/loader.ts';
import { parsePostgresConfig } from '../../src/load/postgres/postgres-config.ts';
import { createPostgresLoader } from '../../src/load/postgres/postgres-loader.ts';
import { accept, hold } from '../../src/pipeline/decide.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { replay } from '../../src/pipeline/replay.ts';
import type { RunContext } from '../../src/pipeline/run/run-context.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { arbitraryDecision, decide } from '../support/arbitrary-decision.ts';
import { arbitraryLog, byTime, lineOf } from '../support/arbitrary-log.ts';
import { describeBigquery } from '../support/bigquery.ts';
import { type BigqueryTargets, createBigqueryTargets } from '../support/bigquery-targets.ts';
import { describePostgres, type TestDatabase } from '../support/postgres.ts';
import { checkLaw } from '../support/replay-laws.ts';
import { contextFor, inputOf } from '../support/run-case.ts';
import { contentsOf, type TargetContents } from '../support/target-contents.ts';

const timeout = 900_000;
const guards = { empty: 'hold', minScenes: 2, maxShrink: 0.4 } as const;

/** Decisions are dated by it. */
const clock = { now: () => requireInstant('2026-06-01T12:34:56.789012Z', 'now') };

/** Fills a target; what it gives back has to be the same for every target. */
type Fill = (context: RunContext) => Promise<unknown>;

async function load(context: RunContext, lines: readonly string[]): Promise<unknown> {
  const { report, error, exitCode } = await replay(context, { input: inputOf(lines), name: 'log.ndjson' });
  const { run_id: _, ...told } = report;
  return { told, error, exitCode };
}

/** Answers in order, decisions about them, answers that come late, and all of it computed anew. */
const arbitraryFill: fc.Arbitrary<Fill> = fc
  .record({ log: arbitraryLog, late: fc.nat({ max: 4 }), decisions: fc.array(arbitraryDecision, { maxLength: 2 }) })
  .map(({ log, late, decisions }) => async (context) => {
    const onTime = log.slice(late).sort(byTime);
    const told = [await load(context, onTime.map(lineOf))];
    for (const decision of decisions) await decide(context, decision);
    if (late > 0) told.push(await load(context, log.slice(0, late).sort(byTime).map(lineOf)));
    const before = await contentsOf(context.loader);
    const { outcome, versions } = (await rebuild(context)).report;
    expect({ outcome, ...(await contentsOf(context.loader)) }).toEqual({ outcome: 'nothing_changed', ...before });
    return [...told, versions];
  });

const hostileTexts: readonly string[] = [
  '"double" \'single\' `back` $$ \\ \\n \\x41 %s :name @name ?',
  "'); DROP TABLE dim_scene; --",
  'line\nfeed\r\nand\ttab',
  '\u0001\u0008\u000b\u000c\u001b\u007f\u0085\u2028\u2029',
  '\u{1f680}\u{1f468}\u200d\u{1f469} \u{10ffff}',
  '\u202eעברית\u202c العربية \u200f',
  'e\u0301 é \ufeff \ufffd \ue000',
  ',;|"",\\,',
  '名称'.repeat(500),
];

const dayOf = (n: number) => `2026-01-0${n}T00:00:00.00000${n}Z`;

/** Every kind of observation and of decision, every column filled, and texts that some format or quoting rule may spoil. */
const fillWithEverything: Fill = async (context) => {
  const many = (suffix: string) => [1, 2, 3, 4, 5].map((value) => ({ name: `名 ${value}${suffix}`, value }));
  const answer = (appId: string, n: number, scene: unknown) =>
    JSON.stringify({ app_id: appId, observed_at: dayOf(n), body: JSON.stringify({ errcode: 0, scene }) });
  const failure = (appId: string, n: number, text: string) =>
    JSON.stringify({ app_id: appId, observed_at: dayOf(n), body: { errcode: -1, errmsg: text } });
  const bytes = Buffer.from('{"errcode":0,"scene":[{"name":"caf\xe9 \xff","value":"\xfe"}]}', 'latin1');
  const odd = (suffix: string) => hostileTexts.map((text) => ({ name: `${text}${suffix}`, value: text.slice(0, 200) }));
  const told = await load(context, [
    JSON.stringify({ app_id: 'wx-bytes', observed_at: dayOf(1), body_base64: bytes.toString('base64') }),
    answer('wx-decided', 1, many('')),
    answer('wx-decided', 2, many('').slice(0, 1)),
    answer('wx-decided', 3, []),
    answer('wx-decided', 4, many(' neu')),
    answer('wx-decided', 5, many(' falsch')),
    answer('wx-odd', 1, odd('')),
    answer('wx-odd', 2, odd(' 2')),
    answer('wx-odd', 3, [
      ...odd(' 2').slice(2),
      { name: 'large', value: '9007199254740993' },
      { name: 'C\u0000', value: 1 },
    ]),
    answer('wx-odd', 4, [...odd(' 2').slice(2), { name: '全部', value: '@_all' }, null, 'text', { name: 'no key' }]),
    ...hostileTexts.map((text, n) => failure('wx-failed', n + 1, text)),
    ...hostileTexts
      .filter((text) => !/\p{Cc}/u.test(text))
      .map((text) => answer(text.slice(0, 60), 1, many(text.slice(0, 100)))),
  ]);
  await accept(context, { appId: 'wx-decided', observedAt: requireInstant(dayOf(2), 'day 2') });
  await hold(context, { appId: 'wx-decided', observedAt: requireInstant(dayOf(5), 'day 5') });
  return told;
};

/** The values of a member in lines of JSON; undefined where a line has none. */
function valuesIn(lines: string, member: string): ReadonlySet<unknown> {
  const rows = lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  return new Set(rows.map((row) => row[member]));
}

describeBigquery('BigQuery and Postgres', (suite) => {
  let targets: BigqueryTargets;
  beforeAll(() => {
    targets = createBigqueryTargets(suite);
  });
  afterAll(() => targets[Symbol.asyncDispose]());

  describePostgres(
    'hold the same',
    ({ createDatabase }) => {
      let database: TestDatabase;
      let schemas = 0;
      beforeAll(async () => {
        database = await createDatabase();
      });
      afterAll(() => database[Symbol.asyncDispose]());

      const openPostgres = (): Promise<Loader> => {
        schemas += 1;
        const section = { type: 'postgres', url: database.url, schema: `scene_${schemas}` };
        return createPostgresLoader(parsePostgresConfig(section));
      };

      /** Fills both, compares what they tell and export, and moves the log of each into an empty target of the other kind. */
      async function expectSame(fill: Fill, firstSeen: FirstSeen): Promise<TargetContents> {
        const contextOf = (loader: Loader) => ({ ...contextFor(loader, { dimension: { firstSeen }, guards }), clock });
        const filled = async (loader: Loader, use: Fill) => {
          await using owned = loader;
          const told = await use(contextOf(owned));
          expect((await verify(contextOf(owned))).violations).toEqual([]);
          return { told, contents: await contentsOf(owned) };
        };
        const postgres = await filled(await openPostgres(), fill);
        const bigquery = await filled(await targets.empty({ firstSeen }), fill);
        expect(bigquery).toEqual(postgres);
        const move: Fill = (context) => load(context, postgres.contents.log.split('\n').filter(Boolean));
        const movedToPostgres = await filled(await openPostgres(), move);
        expect(movedToPostgres.contents).toEqual(bigquery.contents);
        const movedToBigquery = await filled(await targets.empty({ firstSeen }), move);
        expect(movedToBigquery).toEqual(movedToPostgres);
        return bigquery.contents;
      }

      test('of arbitrary logs, with guards, decisions, late answers and a rebuild', { timeout }, () =>
        checkLaw(
          fc.asyncProperty(arbitraryFill, fc.constantFrom(...firstSeenModes), async (fill, firstSeen) => {
            await expectSame(fill, firstSeen);
          }),
          2,
        ),
      );

      describe('of a log with everything in it', () => {
        test.each(firstSeenModes)('with first answers dated by: %s', { timeout }, async (firstSeen) => {
          const { log, ndjson } = await expectSame(fillWithEverything, firstSeen);
          expect(valuesIn(log, 'status')).toEqual(new Set(observationStatuses));
          expect(valuesIn(log, 'hold_reason')).toEqual(new Set([undefined, ...holdReasons]));
          expect(valuesIn(ndjson, 'end_reason')).toEqual(new Set([null, ...endReasons]));
          expect(valuesIn(ndjson, 'value_kind')).toEqual(new Set(valueKinds));
          for (const key of ['body', 'body_base64', 'decided_at', 'error_code', 'error_message']) {
            expect(valuesIn(log, key).size, key).toBeGreaterThan(1);
          }
          for (const text of hostileTexts) expect(valuesIn(log, 'error_message')).toContain(text);
        });
      });
    },
    { versions: 'newest' },
  );
});
