/** Runs config/bigquery/setup.sh with a gcloud and a bq that only note what they are asked. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './documents.ts';

export const setupScript: string = join(root, 'config/bigquery/setup.sh');

/** Notes its words; says `$FOUND` when it is asked whether something is there. */
const stub = `#!/bin/sh
{ printf '%s\\037' "\${0##*/}" "$@"; printf '\\036'; } >>"$CALLS"
case "$*" in *describe*|*show*) exit "$FOUND";; esac
`;

/** The words of every call, in order. `found`: whether account and dataset are there already. */
export async function runBigquerySetup(
  env: Readonly<Record<string, string>>,
  { found }: { readonly found: boolean },
): Promise<readonly (readonly string[])[]> {
  const folder = await mkdtemp(join(tmpdir(), 'scenedim-setup-'));
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
  for (const name of ['gcloud', 'bq']) {
    await writeFile(join(folder, name), stub);
    await chmod(join(folder, name), 0o755);
  }
  const calls = join(folder, 'calls');
  await promisify(execFile)(setupScript, [], {
    env: { PATH: `${folder}:${process.env['PATH'] ?? ''}`, CALLS: calls, FOUND: found ? '0' : '1', ...env },
  });
  const words = (call: string) => call.split('\u001f').slice(0, -1);
  return (await readFile(calls, 'utf8')).split('\u001e').slice(0, -1).map(words);
}
