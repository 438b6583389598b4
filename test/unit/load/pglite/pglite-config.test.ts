import { expect, test } from 'vitest';
import { parsePgliteConfig } from '../../../../src/load/pglite/pglite-config.ts';

test.each(['~', '~/scene'])('a path that only a shell would understand is refused: %s', (path) => {
  expect(() => parsePgliteConfig({ type: 'pglite', path })).toThrow(
    'target.path: begins with ~, which only a shell replaces; ${HOME} is replaced here',
  );
});

test.each(['./~/scene', '~backup', 'a/~'])('a path that has ~ elsewhere is taken: %s', (path) => {
  expect(parsePgliteConfig({ type: 'pglite', path }).path).toBe(path);
});
