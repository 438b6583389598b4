/** Each remedy for options and files that a command is given. */

import { describe, expect, test } from 'vitest';
import { versionColumnNames } from '../../../src/dimension/version-columns.ts';
import { followRemedy, type Trouble } from '../../support/remedy-stage.ts';

const synced = { before: [['sync']] } as const;

const options: Readonly<Record<string, Trouble>> = {
  'no command': {
    fault: { args: [] },
    says: 'no command is given',
    remedy: '`scenedim --help` lists the commands',
    cure: { args: ['--help'] },
  },
  'a command that is nearly one': {
    fault: { args: ['snyc'] },
    says: "unknown command 'snyc'",
    remedy: 'did you mean sync?',
    cure: { args: ['sync'] },
  },
  'an option of no command': {
    fault: { args: ['--qqqqq'] },
    says: "unknown option '--qqqqq'",
    remedy: '`scenedim --help` lists commands and options',
    cure: { args: ['--help'] },
  },
  'an argument too many': {
    fault: { args: ['sync', 'extra'] },
    says: "too many arguments for 'sync'",
    remedy: '`scenedim sync --help` shows what it takes',
    cure: { args: ['sync', '--help'] },
  },
  'a shard that is none': {
    fault: { args: ['sync', '--shard', '4/4'] },
    says: '--shard: "4/4" is not a shard',
    remedy: 'write I/N with I from 0 to N-1, like 0/4',
    cure: { args: ['sync', '--shard', '0/4'] },
  },
  'too many shards': {
    fault: { args: ['sync', '--shard', '0/40000'] },
    says: '--shard 0/40000: not a shard',
    remedy: 'use I/N with 0 <= I < N <= 32767',
    cure: { args: ['sync', '--shard', '0/32767'] },
  },
  'a time without an offset': {
    ...synced,
    fault: { args: ['export', '--as-of', 'noon'] },
    says: '--as-of: "noon" is not an RFC 3339 time',
    remedy: 'write it like 2026-03-01T00:00:00Z or 2026-03-01T08:00:00+08:00',
    cure: { args: ['export', '--as-of', '2026-03-01T08:00:00+08:00'] },
  },
  'a format that is not known': {
    ...synced,
    fault: { args: ['export', '--format', 'xlsx'] },
    says: '--format: "xlsx" is not known',
    remedy: 'use one of ndjson, csv, parquet',
    cure: { args: ['export', '--format', 'csv'] },
  },
  'an ending of another format': {
    ...synced,
    fault: { args: ['export', '--output', 'scenes.csv.gz'] },
    says: '--output: the ending .gz names no format of an export',
    remedy: 'end the name in .ndjson, .csv or .parquet, or add --format; nothing is compressed',
    cure: { args: ['export', '--output', 'scenes.csv'] },
  },
  'a column that is nearly one': {
    ...synced,
    fault: { args: ['export', '--columns', 'app_id,scene_kee'] },
    says: '--columns: dim_scene has no column "scene_kee"',
    remedy: 'did you mean scene_key?',
    cure: { args: ['export', '--columns', 'app_id,scene_key'] },
  },
  'a column of no table': {
    ...synced,
    fault: { args: ['export', '--columns', 'qqqqqqqqq'] },
    says: '--columns: dim_scene has no column "qqqqqqqqq"',
    remedy: `use some of ${versionColumnNames.join(',')}`,
    cure: { args: ['export', '--columns', versionColumnNames.join(',')] },
  },
  'a column twice': {
    ...synced,
    fault: { args: ['export', '--columns', 'app_id,scene_key,app_id'] },
    says: '--columns: app_id is there twice',
    remedy: 'name every column once',
    cure: { args: ['export', '--columns', 'app_id,scene_key'] },
  },
  'an option of csv for another format': {
    ...synced,
    fault: { args: ['export', '--excel-safe'] },
    says: '--excel-safe is about csv, and the format is ndjson',
    remedy: 'add --format csv, or leave --excel-safe out',
    cure: { args: ['export', '--excel-safe', '--format', 'csv'] },
  },
  'options that exclude each other': {
    ...synced,
    fault: { args: ['export', '--current', '--as-of', '2026-03-01T00:00:00Z'] },
    says: '--as-of and --current exclude each other',
    remedy: 'leave one of them out',
    cure: { args: ['export', '--current'] },
  },
  'a document and data on stdout': {
    ...synced,
    fault: { args: ['export', '--json'] },
    says: '--json prints one document about the result, and the result itself goes to stdout',
    remedy: 'leave --json out, or write the result to a file with --output FILE',
    cure: { args: ['export', '--json', '--output', 'scenes.ndjson'] },
  },
  'a log level that is not known': {
    ...synced,
    fault: { args: ['status', '--log-level', 'loud'] },
    says: '--log-level: "loud" is not known',
    remedy: 'use one of debug, info, warn, error, silent',
    cure: { args: ['status', '--log-level', 'silent'] },
  },
  'init without a terminal': {
    fault: { args: ['init', '--config', 'new.yaml'] },
    says: 'init asks questions, and there is no terminal to ask on',
    remedy: 'add --yes to take the defaults',
    cure: { args: ['init', '--config', 'new.yaml', '--yes'] },
  },
  'init for a target that does not exist': {
    fault: { args: ['init', '--config', 'new.yaml', '--yes', '--target', 'oracle'] },
    says: '--target: "oracle" is not known',
    remedy: 'use one of pglite, postgres, bigquery',
    cure: { args: ['init', '--config', 'new.yaml', '--yes', '--target', 'pglite'] },
  },
  'init where a config is': {
    fault: { args: ['init', '--yes'] },
    says: 'scenedim.yaml exists already',
    remedy: 'add --force to overwrite it, or name another file with --config',
    cure: { args: ['init', '--yes', '--force'] },
  },
  'init into a directory': {
    fault: { args: ['init', '--yes', '--config', 'a dir'], files: { 'a dir/x': '' } },
    says: 'a dir is a directory',
    remedy: "name a file in it: --config 'a dir/scenedim.yaml'",
    cure: { args: ['init', '--yes', '--config', 'a dir/scenedim.yaml'] },
  },
  'init below a file': {
    fault: { args: ['init', '--yes', '--config', 'scenedim.yaml/new.yaml'] },
    says: 'scenedim.yaml/new.yaml cannot be written (',
    remedy: 'name another file with --config, in a directory that you may write to',
    cure: { args: ['init', '--yes', '--config', 'folder/new.yaml'] },
  },
  'a plan of an input with an age': {
    fault: { args: ['plan', '--input', 'log.ndjson', '--max-age', '6h'] },
    says: '--max-age has no meaning with --input',
    remedy: 'leave it out: every recorded answer is looked at, as replay would',
    cure: { args: ['plan', '--input', 'log.ndjson'], files: { 'log.ndjson': '' } },
  },
  'a schema that is nearly one': {
    fault: { args: ['schema', 'confg'] },
    says: 'there is no schema "confg"',
    remedy: 'did you mean config?',
    cure: { args: ['schema', 'config'] },
  },
  'a schema that does not exist': {
    fault: { args: ['schema', 'zzzzzzzz'] },
    says: 'there is no schema "zzzzzzzz"',
    remedy: expect.stringMatching(/use one of config, /),
    cure: { args: ['schema', 'config'] },
  },
  'a format of a schema that is not known': {
    fault: { args: ['schema', '--format', 'yaml'] },
    says: '--format: "yaml" is not known',
    remedy: 'use json-schema or odcs',
    cure: { args: ['schema', '--format', 'odcs'] },
  },
  'a part of the data contract': {
    fault: { args: ['schema', 'status', '--format', 'odcs'] },
    says: '--format odcs is one document, and has no part "status"',
    remedy: 'leave out the name, or leave out --format',
    cure: { args: ['schema', 'status'] },
  },
  'a shell that is nearly one': {
    fault: { args: ['completion', 'bsh'] },
    says: 'there is no completion for "bsh"',
    remedy: 'did you mean bash?',
    cure: { args: ['completion', 'bash'] },
  },
  'a shell without completion': {
    fault: { args: ['completion', 'powershell'] },
    says: 'there is no completion for "powershell"',
    remedy: 'use one of bash, zsh, fish',
    cure: { args: ['completion', 'bash'] },
  },
  'a confirmation that confirms nothing': {
    ...synced,
    fault: { args: ['rebuild', '--confirm', 'scene'] },
    says: '--confirm',
    remedy: 'leave --confirm out',
    cure: { args: ['rebuild'] },
  },
  'a log that is not there': {
    fault: { args: ['replay', 'nowhere.ndjson'] },
    says: 'nowhere.ndjson does not exist',
    remedy: 'name a file that can be read, or - for standard input',
    cure: { args: ['replay', 'log.ndjson'], files: { 'log.ndjson': '' } },
  },
  'an output into a directory': {
    ...synced,
    fault: { args: ['export', '--output', '.'] },
    says: 'cannot be written (EISDIR)',
    remedy: 'name a file in it',
    cure: { args: ['export', '--output', './scenes.ndjson'] },
  },
  'an output where no directory is': {
    ...synced,
    fault: { args: ['export', '--output', 'a/b'] },
    says: 'cannot be written (ENOENT)',
    remedy: 'check that the directory exists, may be written and has room',
    cure: { files: { 'a/other': '' } },
  },
};

describe('a remedy for options and files works:', () => {
  test.each(Object.entries(options))('%s', (_, trouble) => followRemedy(trouble));
});
