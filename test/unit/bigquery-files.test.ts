/** The script of config/bigquery is what its tools and the program take. */
import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { grantDataEditor, grantJobUser } from '../../src/load/bigquery/errors/grants.ts';
import { runBigquerySetup, setupScript } from '../support/bigquery-setup.ts';
import { textOf } from '../support/documents.ts';

describe('setup.sh', () => {
  const account = 'scenedim@my-project.iam.gserviceaccount.com';
  const names = { projectId: 'my-project', dataset: 'scene', member: `serviceAccount:${account}` };
  const env = { PROJECT: 'my-project', LOCATION: 'asia-east1' };
  const wordsOf = (command: string) => command.split(' ');

  test('is a script that bash takes, and stops at the first failure', () => {
    execFileSync('bash', ['-n', setupScript]);
    expect(statSync(setupScript).mode & 0o111).toBe(0o111);
    expect(textOf('config/bigquery/setup.sh')).toContain('\nset -euo pipefail\n');
    const { status, stderr } = spawnSync(setupScript, [], { env: { PATH: process.env['PATH'] }, encoding: 'utf8' });
    expect([status === 0, stderr]).toEqual([false, expect.stringContaining('PROJECT: the project that holds')]);
  });

  test('gives the roles that the program asks for, and makes what is not there', async () => {
    expect(await runBigquerySetup(env, { found: false })).toEqual([
      wordsOf(`gcloud iam service-accounts describe ${account} --project=my-project`),
      wordsOf('gcloud iam service-accounts create scenedim --project=my-project'),
      [...wordsOf(grantJobUser(names)), '--condition=None'],
      wordsOf('bq --project_id=my-project show --dataset my-project:scene'),
      wordsOf('bq --project_id=my-project --location=asia-east1 mk --dataset my-project:scene'),
      [
        ...wordsOf('bq --project_id=my-project --location=asia-east1 query --use_legacy_sql=false'),
        grantDataEditor(names),
      ],
    ]);
  });

  test('makes nothing a second time, and takes names of your own', async () => {
    const calls = await runBigquerySetup(
      { ...env, DATASET: 'wx', SERVICE_ACCOUNT: 'me@elsewhere.iam.gserviceaccount.com' },
      { found: true },
    );
    expect(calls.map(([tool, ...words]) => `${tool} ${words.join(' ')}`)).toEqual([
      expect.stringContaining('describe me@elsewhere'),
      expect.stringContaining('add-iam-policy-binding'),
      expect.stringContaining('show --dataset my-project:wx'),
      expect.stringContaining("ON SCHEMA `my-project.wx` TO 'serviceAccount:me@elsewhere"),
    ]);
  });
});
