/** The files of config/dbt say what the column catalogue says, and stay as dbt takes them. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { dbtFiles } from '../../config/dbt-files.ts';
import { textOf } from '../support/documents.ts';

test.each([...dbtFiles()])('%s is what `npm run dbt` makes', (path, text) => {
  expect(textOf(`config/dbt/${path}`)).toBe(text);
});

test('the version of the package is that of the program', () => {
  const { version } = JSON.parse(textOf('package.json')) as { readonly version: string };
  expect(parse(textOf('config/dbt/dbt_project.yml'))).toMatchObject({ name: 'scenedim', version });
});
