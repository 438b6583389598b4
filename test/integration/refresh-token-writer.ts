/** Rotates the refresh tokens of a file for ever; prints each token that is stored. For refresh-token-file.test.ts. */
import { openRefreshTokenFile } from '../../src/extract/refresh-tokens/file-store.ts';

const [path = '', accounts = '1'] = process.argv.slice(2);
const { signal } = new AbortController();
const store = openRefreshTokenFile(path);
const appIds = Array.from({ length: Number(accounts) }, (_, n) => `wx${n}`);
for (;;) {
  await Promise.all(
    appIds.map(async (appId) => {
      const expected = (await store.read([appId], signal)).get(appId) ?? null;
      const token = `${appId} ${Number(expected?.split(' ')[1] ?? 0) + 1}`;
      const replaced = await store.replace([{ appId, expected, token }], signal);
      if (replaced.has(appId)) process.stdout.write(`${token}\n`);
    }),
  );
}
