import { expect, test } from 'vitest';
import { strictSslMode } from '../../../../src/load/postgres/connection-options.ts';

test.each(['prefer', 'require', 'verify-ca', 'verify-full'])(
  'sslmode %s checks all, without a warning of pg',
  (mode) => {
    const url = (sslmode: string) => `postgres://u@host/db?sslmode=${sslmode}&sslrootcert=/ca.pem`;
    expect(strictSslMode(url(mode))).toBe(url('verify-full'));
  },
);

test.each([
  'postgres://u@host/db',
  'postgres://u@host/db?sslmode=no-verify',
  'postgres://u@host/db?sslmode=disable',
  'postgres://u@host/db?sslmode=require&uselibpqcompat=true',
  'postgres://u@host/db?uselibpqcompat=true&sslmode=verify-ca&sslrootcert=/ca.pem',
])('%s stays as it is', (url) => {
  expect(strictSslMode(url)).toBe(url);
});
