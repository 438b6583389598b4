/** Every table of every document is compared with what the program has. */
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import vitestConfig from '../../config/vitest.config.ts';
import { dimensionColumns } from '../../src/catalog/dimension-columns.ts';
import { secretTableCatalogue, tableCatalogue } from '../../src/catalog/table-catalogue.ts';
import { functionCatalogue, viewCatalogue } from '../../src/catalog/view-catalogue.ts';
import { commandList } from '../../src/commands/command-list.ts';
import { findingCodes, warningCodes } from '../../src/commands/join-check/findings.ts';
import { outputJsonSchema } from '../../src/commands/output-schemas.ts';
import { addWatchOptions } from '../../src/commands/result/watch-options.ts';
import { configJsonSchema } from '../../src/config/config-json-schema.ts';
import { optionVariables, settingVariables } from '../../src/config/setting-variables.ts';
import type { Observation } from '../../src/dimension/observation.ts';
import { observationStatuses } from '../../src/dimension/observation.ts';
import { errorCodes } from '../../src/errors.ts';
import { grantDataEditor, grantJobUser } from '../../src/load/bigquery/errors/grants.ts';
import { runOutcomes } from '../../src/load/loader.ts';
import { builtInTargetTypes } from '../../src/load/registry.ts';
import { formatReplayLine } from '../../src/pipeline/replay-lines/replay-line.ts';
import { metricFamilies } from '../../src/telemetry/prometheus-metrics.ts';
import { sizeText } from '../bench/bench-run.ts';
import { scaleCurves } from '../bench/scale-figures.ts';
import { codeOf, documentTable } from '../support/document-tables.ts';
import { documentTables, root, textOf } from '../support/documents.ts';

type Rows = readonly (readonly string[])[];

/** Of each table, by its document and name: what holds it against the program, or the test file that does. */
const comparisons: Readonly<Record<string, ((rows: Rows) => void) | string>> = {
  'README.md targets': (rows) => {
    expect(rows.slice(0, -1).flatMap(([type]) => codeOf(type))).toEqual(builtInTargetTypes);
  },
  'README.md exits': (rows) => {
    const codes = rows.map(([cell]) => numbersOf(cell));
    const exits = (again: boolean) => {
      const those = Object.values(errorCodes).filter(({ retryable }) => retryable === again);
      return new Set(those.map(({ exitCode }) => exitCode as number));
    };
    const again = [...exits(true)].filter((code) => code !== errorCodes.interrupted.exitCode);
    const never = [...exits(false)].filter((code) => !again.includes(code));
    expect(codes).toEqual([[0], ascending(again), ascending(never)]);
  },
  'README.md commands': (rows) => {
    const listed = rows.flatMap(([cell]) => codeOf(cell)).map((name) => name.replace(/ [A-Z]+$/, ''));
    expect(listed.sort()).toEqual(commandList.map(({ name }) => name).sort());
  },
  'README.md settings': (rows) => {
    const all = new Map(documentTable('config/README.md', 'settings').map(([name = '', value]) => [name, value]));
    all.set('`source.accounts`', '');
    expect(rows).toHaveLength(10);
    expect(rows.map(([name = '', value]) => [name, value])).toEqual(rows.map(([name = '']) => [name, all.get(name)]));
  },
  'README.md readers': (rows) => {
    for (const [, documents = ''] of rows) expect(documents).toMatch(/\[.*\.md\]\(.*\.md\)/);
  },
  'config/recovery/README.md troubles': (rows) => {
    for (const [exit, code] of rows) {
      const [name = ''] = codeOf(code);
      if (name !== '')
        expect([name, errorCodes[name as keyof typeof errorCodes].exitCode]).toEqual([name, Number(exit)]);
    }
    expect(rows.filter(([, , , section = '']) => !/\]\(#.+\)/.test(section))).toEqual([]);
  },
  'config/recovery/README.md full disks': 'test/system/recovery/full-disk.test.ts',
  'config/README.md places': (rows) => {
    const linked = rows.flatMap(([, files = '']) => [...files.matchAll(/\]\((.*?)\)/g)].map(([, path]) => path));
    const files = globSync('*/*', { cwd: `${root}config` }).filter((file) => !file.endsWith('.md'));
    expect(linked.sort()).toEqual(files.sort());
  },
  'config/monitoring/README.md metrics': (rows) => {
    const listed = rows.map(([name, labels, meaning]) => [codeOf(name)[0], codeOf(labels), meaning]);
    expect(listed).toEqual(metricFamilies.map(({ name, labels, help }) => [name, labels, help]));
  },
  'config/monitoring/README.md alerts': (rows) => {
    const { groups } = parse(textOf('config/monitoring/alerts.yaml')) as {
      groups: readonly { rules: readonly { alert: string }[] }[];
    };
    const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
    expect(rows.flatMap(([name]) => codeOf(name))).toEqual(alerts);
  },
  'config/README.md settings': (rows) => {
    const settings = new Map(
      [...settingsOf(configJsonSchema(), '')].map(([path, value]) => [path, textOfValue(value)]),
    );
    // Told in prose: it is the loader's own default.
    settings.set('target.applicationName', 'scenedim');
    const listed = rows.flatMap(([setting, fallback]) =>
      codeOf(setting).map((name) => [name, codeOf(fallback)[0] ?? '']),
    );
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(settings));
  },
  'config/README.md variables': (rows) => {
    expect(rows.map(([name]) => codeOf(name)[0])).toEqual(expect.arrayContaining([...optionVariables]));
    const told = rows.flatMap(([name]) => codeOf(name)).filter((name) => /^(?:OPENLINEAGE_[A-Z]|DAGSTER)/.test(name));
    const sources = globSync('src/telemetry/**/*.ts', { cwd: root }).map(textOf).join('\n');
    const read = new Set(
      [...sources.matchAll(/(?<=[[{(,] ?'?)(?:OPENLINEAGE|DAGSTER)_[A-Z_]*[A-Z](?=['\]:])/g)].map(([name]) => name),
    );
    expect(told.sort()).toEqual([...read].sort());
  },
  'config/README.md exit codes': (rows) => {
    const possible = new Set([0, 99, 143, ...Object.values(errorCodes).map(({ exitCode }) => exitCode)]);
    expect(rows.flatMap(([cell]) => numbersOf(cell))).toEqual(ascending(possible));
  },
  'config/README.md error codes': (rows) => {
    expect(rows.map(([name, ...rest]) => [codeOf(name)[0], ...rest])).toEqual(
      Object.entries(errorCodes).map(([name, { exitCode, retryable, meaning }]) => {
        return [name, String(exitCode), retryable ? 'yes' : 'no', meaning];
      }),
    );
  },
  'config/README.md account codes': (rows) => {
    const sources = sourcesThatJudge();
    const codes = [...sources.matchAll(/\bcode(?:: | = |\()'([a-z_]+)'/g)].map(([, found = '']) => found);
    expect(codes).toContain('clock_skew');
    expect(codes.filter((code) => !textOf('config/README.md').includes(`\`${code}\``))).toEqual([]);
    const listed = rows.flatMap(([name]) => codeOf(name)).filter((code) => !code.startsWith('http_'));
    expect(listed.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
  },
  'config/README.md replay': (rows) => {
    const observation: Observation = {
      ...{
        appId: 'wx1',
        observedAt: 0n,
        status: 'held',
        payloadHash: null,
        holdReason: 'empty',
        decidedAt: 0n,
        decisionNote: 'why',
      },
      ...{ errorCode: '1', errorMessage: 'x', runId: 'r' },
    };
    const bodies = [new Uint8Array([0x7b]), new Uint8Array([0xff])];
    const fields = bodies.flatMap((body) => Object.keys(JSON.parse(formatReplayLine(observation, body))));
    expect(rows.flatMap(([name]) => codeOf(name)).sort()).toEqual([...new Set(fields)].sort());
    expect(rows.flatMap(([name, text]) => (name === '`status`' ? codeOf(text) : []))).toEqual(observationStatuses);
  },
  'config/README.md run report': (rows) => {
    const schema = outputJsonSchema('run-report') as SchemaNode;
    for (const [cell] of rows) {
      const path = codeOf(cell)[0]?.split('.') ?? [];
      expect(path.reduce<SchemaNode | undefined>((node, key) => node?.properties?.[key], schema)).toBeDefined();
    }
    expect(codeOf(rows[0]?.[1])).toEqual(runOutcomes);
  },
  'config/bigquery/README.md roles': (rows) => {
    const names = { projectId: 'my-project', dataset: 'scene' };
    const [jobs, tables] = rows.map(([role]) => codeOf(role)[0]);
    expect([rows.length, grantJobUser(names)]).toEqual([2, expect.stringContaining(`--role=${jobs}`)]);
    expect(grantDataEditor(names)).toContain(`GRANT \`${tables}\` ON SCHEMA`);
  },
  'config/bigquery/README.md cost': (rows) => {
    for (const [, once = '', year] of rows) {
      const tebibytes = (Number.parseInt(once, 10) * 24 * 365) / 1024 ** 2;
      expect(year).toBe(`${tebibytes.toFixed(1)} TiB, ${(tebibytes * 6.25).toFixed(0)} USD`);
    }
  },
  'sql/README.md findings': (rows) => {
    const listed = rows.flatMap(([cell, text = '']) => codeOf(cell).map((code) => [code, text.includes('(warning)')]));
    expect(listed.sort()).toEqual(findingCodes.map((code) => [code, warningCodes.has(code)]).sort());
  },
  'config/dbt/README.md dbt': (rows) => {
    const files = globSync('config/dbt/{macros,models,tests}/**/*.{sql,yml}', { cwd: root });
    const told = [...files, ...files.map(textOf)].join('\n');
    expect(rows.flatMap(([name]) => codeOf(name)).filter((name) => !told.includes(name))).toEqual([]);
  },
  'sql/README.md objects': (rows) => {
    const listed = rows.flatMap(([cell]) => codeOf(cell)).map((name) => name.replaceAll(/\(.*?\)/g, ''));
    const catalogues = [tableCatalogue, secretTableCatalogue, viewCatalogue, functionCatalogue];
    expect(listed.sort()).toEqual(catalogues.flatMap((catalogue) => Object.keys(catalogue)).sort());
    const [sources, launches] = ['access_source', 'launch_scene'].map((name) => linesOf(`sql/catalog/${name}.csv`));
    const [, told = ''] = rows.find(([name]) => name === '`access_source`, `launch_scene`') ?? [];
    expect(numbersOf(told)).toEqual([sources?.length, launches?.length]);
    const nameless = launches?.filter((line) => /^\d+,,/.test(line)).length;
    const prose = textOf('sql/README.md').replaceAll(/\s+/g, ' ');
    expect(prose).toContain(
      `${launches?.length} launch scenes; WeChat's public lists leave ${nameless} without a name`,
    );
  },
  'sql/README.md columns': (rows) => {
    expect(rows.flatMap(([cell]) => codeOf(cell))).toEqual(Object.keys(tableCatalogue.dim_scene.columns));
  },
  'sql/README.md view columns': (rows) => {
    const more = Object.entries(viewCatalogue).filter(([, { columns }]) => 'version_id' in columns);
    const own = (columns: object) => Object.keys(columns).filter((name) => !(name in dimensionColumns));
    expect(columnsByView(rows)).toEqual(Object.fromEntries(more.map(([name, { columns }]) => [name, own(columns)])));
  },
  'sql/README.md own columns': (rows) => {
    const readable = Object.entries({ ...viewCatalogue, ...tableCatalogue }).filter(([, entry]) => entry.readable);
    const others = readable.filter(([, { columns }]) => !('version_id' in columns));
    expect(columnsByView(rows)).toEqual(
      Object.fromEntries(others.map(([name, { columns }]) => [name, Object.keys(columns)])),
    );
  },
  'src/README.md glossary': (rows) => {
    const words = rows.map(([word]) => word);
    expect(new Set(words).size).toBe(words.length);
    const catalogues = { ...tableCatalogue, ...viewCatalogue };
    const known = [
      ...Object.entries(catalogues).flatMap(([name, { columns }]) => [name, ...Object.keys(columns)]),
      ...observationStatuses,
      ...commandList.map(({ name }) => name),
      'errcode',
    ];
    expect(rows.flatMap(([, meaning]) => codeOf(meaning)).filter((code) => !known.includes(code))).toEqual([]);
  },
  'config/monitoring/README.md ways': (rows) => {
    const told = rows.flatMap(([where]) => codeOf(where)).flatMap((code) => /^--[a-z-]+/.exec(code) ?? []);
    const { options } = addWatchOptions(new Command());
    expect(told.sort()).toEqual(options.map(({ long }) => long).sort());
  },
  'config/monitoring/README.md lineage': 'test/unit/telemetry/lineage/lineage-events.test.ts',
  'src/README.md layers': 'test/unit/architecture.test.ts',
  'src/README.md packages': 'test/unit/architecture.test.ts',
  'src/load/bigquery/README.md bigquery folders': 'test/unit/load/bigquery/folders.test.ts',
  'src/dimension/README.md facts': 'test/unit/dimension/cited-cases.test.ts',
  'test/bench/README.md figures': 'test/bench/bench.test.ts',
  'test/README.md suites': (rows) => {
    const projects = vitestConfig.test?.projects?.map((project) => {
      return typeof project === 'object' && 'test' in project ? project.test?.name : undefined;
    });
    expect(rows.map(([name]) => codeOf(name)[0])).toEqual(projects);
    for (const [name, , , command] of rows) expect(command).toContain(codeOf(name)[0]);
  },
};

/** Tables that any folder's document may have. */
const ofAnyFolder: Readonly<Record<string, (rows: Rows, document: string) => void>> = {
  // The test of links looks whether they lead somewhere.
  signposts: (rows) => {
    for (const row of rows) expect(row.at(-1)).toMatch(/\]\(.+\)/);
  },
  // What a run of the bench printed: no figure can be compared, but what was taken.
  results: (rows, document) => {
    const told = documentTable(document, 'figures').flatMap(([name]) => codeOf(name));
    const taken = rows.flatMap(([name]) => codeOf(name)).filter((name) => !name.endsWith('--help'));
    expect([...new Set(taken)].sort()).toEqual(told.sort());
  },
  curve: (rows) => {
    const sizes = Object.entries(scaleCurves).flatMap(([unit, curve]) =>
      curve.map(([accounts, scenes]) => sizeText(accounts * (unit === 'rows' ? scenes : 1), unit)),
    );
    expect(new Set(rows.map(([size]) => size))).toEqual(new Set(sizes));
  },
  peers: (rows) => {
    const program = textOf('test/bench/peers/contestant_list.py');
    const contestants = [...program.matchAll(/^ {8}"([a-z-]+)":/gm)].map(([, name]) => name);
    const known = [...contestants, 'first', 'nochange', 'change'];
    expect(rows.flatMap((row) => row.slice(0, 2)).filter((cell) => !known.includes(cell))).toEqual([]);
  },
  folders: (rows, document) => {
    const listed = rows.map(([folder]) => codeOf(folder)[0]?.replace(/\/$/, ''));
    const entries = readdirSync(dirname(`${root}${document}`), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(listed.sort()).toEqual(folders.sort());
  },
};

describe('tables', () => {
  test('that the program is compared with are there', () => {
    const keys = documentTables.map(({ document, name }) => `${document} ${name}`);
    expect(Object.keys(comparisons).filter((key) => !keys.includes(key))).toEqual([]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test.each(documentTables)('in $document:$line, $name, say what is so', ({ document, name = 'no name' }) => {
    const rows = documentTable(document, name);
    const compare = comparisons[`${document} ${name}`] ?? ofAnyFolder[name.split(' ').at(-1) ?? ''];
    if (compare === undefined) throw new Error(`nothing compares the table "${name}"`);
    if (typeof compare === 'function') compare(rows, document);
    else expect(readFileSync(`${root}${compare}`, 'utf8')).toContain(document);
  });
});

test('the variable of every setting follows a rule, and lists have none', () => {
  const variableOf = (path: string) =>
    `SCENEDIM_${path.replaceAll(/[A-Z]/g, '_$&').replaceAll('.', '_').toUpperCase()}`;
  expect(Object.keys(settingVariables)).toEqual(Object.values(settingVariables).map(variableOf));
  const paths = new Set(Object.values(settingVariables));
  const without = [...settingsOf(configJsonSchema(), '')].map(([path]) => path).filter((path) => !paths.has(path));
  expect(without.filter((path) => !path.includes('[]'))).toEqual([
    'source.fallbackBaseUrls',
    'source.accessToken',
    'source.appSecret',
    'source.platform.componentAccessToken',
    'source.platform.mint.componentAppSecret',
    'source.platform.mint.verifyTicket',
    'source.accounts.include',
    'source.accounts.exclude',
    'target.readers',
    'target.labels',
  ]);
});

/** The text of all files that say what is wrong with an account. */
function sourcesThatJudge(): string {
  const files = globSync('src/{extract,normalize,pipeline}/**/*.ts', { cwd: root });
  return files.map((file) => readFileSync(`${root}${file}`, 'utf8')).join('\n');
}

/** The lines of a CSV file below its header. */
function linesOf(file: string): readonly string[] {
  return textOf(file).trim().split('\n').slice(1);
}

function columnsByView(rows: Rows): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(rows.map(([view, columns]) => [codeOf(view)[0] ?? '', codeOf(columns)]));
}

function numbersOf(cell: string | undefined): readonly number[] {
  return (cell?.match(/\d+/g) ?? []).map(Number);
}

function ascending(numbers: Iterable<number>): readonly number[] {
  return [...numbers].sort((a, b) => a - b);
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly const?: unknown;
  readonly default?: unknown;
}

/** Paths and defaults of all settings. */
function settingsOf(node: SchemaNode, path: string): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  const add = (more: ReadonlyMap<string, unknown>) => {
    for (const [key, value] of more) if (found.get(key) === undefined) found.set(key, value);
  };
  if (node.properties !== undefined) {
    for (const [key, inner] of Object.entries(node.properties)) {
      if (key !== '$schema') add(settingsOf(inner, path === '' ? key : `${path}.${key}`));
    }
  } else if (node.items?.properties !== undefined) add(settingsOf(node.items, `${path}[]`));
  else if (node.anyOf?.some((each) => each.properties !== undefined || each.items !== undefined) === true) {
    for (const each of node.anyOf) add(settingsOf(each, path));
  } else found.set(path, node.default);
  return found;
}

function textOfValue(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
