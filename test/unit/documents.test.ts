/** Every document: its blocks are of a kind that has a test, its links lead somewhere, what it names is there. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { columnCatalogue } from '../../src/catalog/column-catalogue.ts';
import { parseConfigDocument } from '../../src/config/config-document.ts';
import { validateConfig } from '../../src/config/validate-config.ts';
import { parseInstant } from '../../src/instant.ts';
import { parseReplayLine } from '../../src/pipeline/replay-lines/replay-line.ts';
import { runReportSchema } from '../../src/pipeline/run/run-report.ts';
import { summaryOf } from '../../src/telemetry/run-summary.ts';
import { optionsByCommand } from '../support/command-options.ts';
import {
  anchorsOf,
  type BlockKind,
  blockKinds,
  blocksOf,
  documentBlocks,
  documentLinks,
  documents,
  proseOf,
  root,
  textOf,
  userDocuments,
} from '../support/documents.ts';
import { endedRun } from '../support/ended-run.ts';

describe('the documents', () => {
  test('are there', () => {
    expect(userDocuments).toEqual([
      'README.md',
      'config/README.md',
      'config/airflow/README.md',
      'config/bigquery/README.md',
      'config/dagster/README.md',
      'config/dbt/README.md',
      'config/kubernetes/README.md',
      'config/monitoring/README.md',
      'config/postgres/README.md',
      'config/recovery/README.md',
      'sql/README.md',
      'src/load/README.md',
    ]);
    expect(documents).toEqual(
      expect.arrayContaining(['.github/CONTRIBUTING.md', 'src/README.md', 'src/dimension/README.md', 'test/README.md']),
    );
  });

  test('begin with a page that is read in a few minutes', () => {
    expect(Buffer.byteLength(textOf('README.md'))).toBeLessThan(17_500);
  });

  test.each(userDocuments)('%s keeps to a hundred columns', (document) => {
    const prose = proseOf(document).split('\n');
    expect(prose.filter((line) => line.length > 100 && !line.startsWith('|'))).toEqual([]);
  });
});

describe('links', () => {
  const placeOf = (document: string, path: string) =>
    path === '' ? document : normalize(join(dirname(document), path));
  const inside = documentLinks
    .filter(({ target }) => !/^https?:/.test(target))
    .map(({ document, target }) => {
      const [path = '', anchor] = target.split('#');
      return { document, target, path: placeOf(document, path).replace(/\/$/, ''), anchor };
    });

  test('lead to files and headings that are there', () => {
    expect(inside.length).toBeGreaterThan(30);
    const lost = inside.filter(({ path, anchor }) => {
      if (!existsSync(`${root}${path}`)) return true;
      return anchor !== undefined && !anchorsOf(path).includes(anchor);
    });
    expect(lost.map(({ document, target }) => `${document}: ${target}`)).toEqual([]);
  });

  test('lead from the README to every document', () => {
    const reached = new Set(['README.md']);
    for (const document of reached) {
      // GitHub shows the README of a folder.
      const next = inside.filter((link) => link.document === document).map(({ path }) => path);
      for (const path of next) reached.add(documents.includes(path) ? path : `${path}/README.md`);
    }
    const ofFixtures = (document: string) => document.startsWith('test/fixtures/');
    expect(documents.filter((document) => !reached.has(document) && !ofFixtures(document))).toEqual([]);
  });
});

describe('blocks', () => {
  test('are of a kind that has a test', () => {
    const strange = documentBlocks.filter(({ info }) => !blockKinds.includes(info as BlockKind));
    expect(strange.map(({ document, info, line }) => `${document}:${line}: ${info}`)).toEqual([]);
    const fences = documents.flatMap((document) => textOf(document).match(/^ *```/gm) ?? []);
    expect(fences).toHaveLength(documentBlocks.length * 2);
  });

  test.each(blocksOf('yaml config'))('in $document:$line is a valid config', ({ document, text }) => {
    expect(validateConfig(parseConfigDocument(text, document, {}), [])).toBeTypeOf('object');
  });

  test.each(blocksOf('yaml case'))('in $document:$line is a behaviour case, as it is run', ({ text }) => {
    const { cases } = parse(readFileSync(`${root}test/cases/scd2-cases.yaml`, 'utf8'));
    const [shown] = parse(text);
    expect(shown).toEqual(cases.find(({ id }: { readonly id: string }) => id === shown.id));
  });

  test.each(blocksOf('sql bigquery'))('in $document:$line names objects that are in the dataset', ({ text }) => {
    const names = [...text.matchAll(/`my-project\.scene\.(\w+)`/g)].map(([, name = '']) => name);
    const objects = Object.keys({ ...columnCatalogue.relations, ...columnCatalogue.functions });
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !objects.includes(name))).toEqual([]);
  });

  test.each(blocksOf('ndjson'))('in $document:$line is replay input', ({ text }) => {
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => parseReplayLine(line));
    expect(lines.map(({ appId }) => appId)).toEqual(lines.map(() => 'wx1'));
  });

  test.each(blocksOf('json run-report'))('in $document:$line is what a run prints', ({ text }) => {
    expect(runReportSchema.parse(JSON.parse(text))).toEqual(JSON.parse(text));
  });
});

test.each(blocksOf('json summary'))('the summary in $document:$line is one that a run logs', ({ text }) => {
  const { level, time, msg, elapsed_ms: elapsedMs, ...summary } = JSON.parse(text);
  expect([level, msg, parseInstant(time) === null]).toEqual(['warn', 'sync ended', false]);
  const { exit_code: exitCode, command, ...report } = summary;
  const whole = runReportSchema.parse({ ...report, problems: [] });
  expect(summaryOf(endedRun({ command, exitCode, elapsedMs, report: whole }))).toEqual({
    ...summary,
    elapsed_ms: elapsedMs,
  });
});

describe('commands', () => {
  /** What stands in a document as code: blocks of a shell, indented lines, words in backticks. */
  const codeIn = (document: string) =>
    [
      ...documentBlocks
        .filter((block) => block.document === document && /^sh/.test(block.info))
        .map(({ text }) => text),
      ...(proseOf(document).match(/^ {4}.*$/gm) ?? []),
      ...[...proseOf(document).matchAll(/`([^`]+)`/g)].map(([, code = '']) => code),
    ].join('\n');

  test.each(documents)('in %s exist, and take the options that they are given', async (document) => {
    const options = await optionsByCommand();
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const code = codeIn(document);
    for (const [, script = ''] of code.matchAll(/\bnpm (start|test|run (?:--\S+ )*[a-z][\w:-]*)/g)) {
      expect(scripts).toHaveProperty([script.replace(/^run (?:--\S+ )*/, '')]);
    }
    for (const [, name = '', args = ''] of code.matchAll(/(?<![/\w])scenedim ([a-z][a-z-]*)\b([^|&\n"]*)/g)) {
      expect([...options.keys()]).toContain(name);
      for (const [option] of args.matchAll(/--[a-z-]+/g)) expect(options.get(name)).toContain(option);
    }
  });

  test('have every option named somewhere, and no option that does not exist', async () => {
    const all = new Set([...(await optionsByCommand()).values()].flat());
    const ofOthers = [
      ...['--global', '--silent', '--project'],
      ...['--rm', '--read-only', '--build-arg', '--from', '--from-file', '--tail', '--local', '--type'],
      ...['--member', '--role', '--location', '--use', '--collector'],
      ...['--force', '--stdout', '--format', '--schema', '--file', '--command', '--set'],
      ...['--single-transaction', '--no-owner', '--no-privileges', '--dbname'],
    ];
    const texts = userDocuments.map(textOf).join('\n');
    const named = new Set([...texts.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => option));
    expect([...named].filter((option) => !all.has(option) && !ofOthers.includes(option))).toEqual([]);
    expect([...all].filter((option) => !named.has(option))).toEqual([]);
  });
});
