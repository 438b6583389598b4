import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const oldest = [24, 12] as const;

test(`the tests run on Node ${oldest.join('.')} or newer, which npm takes from the devDependency "node"`, () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  expect(major > oldest[0] || (major === oldest[0] && minor >= oldest[1]), `Node ${process.version} is too old`).toBe(
    true,
  );
});

test('package.json promises the Node version that is tested', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(manifest.engines.node).toBe(`>=${oldest.join('.')}`);
});
