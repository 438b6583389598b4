import { expect, test } from 'vitest';
import { betweenAccounts, ofAccounts } from '../../../../../src/load/bigquery/read/account-conditions.ts';

const parameterOf = (appIds: readonly string[], name: string) =>
  ofAccounts(appIds).parameters.find((parameter) => parameter.name === name)?.parameterValue;

test('the first and the last account are those by code points, as BigQuery orders them', () => {
  const appIds = ['b', '\ufffd', 'a', '\u{1f680}', 'c'];
  expect(parameterOf(appIds, 'first_app_id')).toEqual({ value: 'a' });
  expect(parameterOf(appIds, 'last_app_id')).toEqual({ value: '\u{1f680}' });
  expect(betweenAccounts(['x']).parameters.map(({ parameterValue }) => parameterValue.value)).toEqual(['x', 'x']);
});

test('no account is between nothing and nothing', () => {
  expect(ofAccounts([]).parameters.map(({ parameterValue }) => parameterValue)).toEqual([{}, {}, { arrayValues: [] }]);
});
