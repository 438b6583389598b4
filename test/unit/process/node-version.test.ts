import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isNodeTooOld, OLDEST_NODE } from '../../../src/process/node-version.ts';

test(`the tests run on Node ${OLDEST_NODE} or newer, which npm takes from the devDependency "node"`, () => {
  expect(isNodeTooOld(process.versions.node), `Node ${process.version} is too old`).toBe(false);
});

test('package.json promises the Node version that is tested', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  expect(manifest.engines.node).toBe(`>=${OLDEST_NODE}`);
});

test.each([
  ['20.20.2', true],
  ['24.11.1', true],
  ['24.12.0', false],
  ['26.0.0', false],
])('Node %s is too old: %s', (version, tooOld) => {
  expect(isNodeTooOld(version)).toBe(tooOld);
});
