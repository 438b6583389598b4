import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Session } from '../../../../src/commands/session/session.ts';
import { credentialsOf, secretContextOf } from '../../../../src/commands/source/with-credentials.ts';
import type { Config } from '../../../../src/config/load-config.ts';

const { signal } = new AbortController();

test('accounts share what a program prints, and one that was refused with it has it printed anew', async () => {
  const baseDirectory = mkdtempSync(join(tmpdir(), 'scenedim-shared-'));
  try {
    const environment = { PATH: process.env['PATH'] };
    const context = secretContextOf({ environment } as unknown as Session, { baseDirectory } as unknown as Config);
    writeFileSync(join(baseDirectory, 'token.sh'), 'echo x >> runs; wc -l < runs | tr -d " "\n');
    const accessToken = { command: ['sh', 'token.sh'] };
    const shared = { readers: new Map(), signal };
    const [one, two] = ['wx1', 'wx2'].map((appId) => {
      const credentials = credentialsOf({ appId, accessToken }, context, shared);
      return 'accessToken' in credentials ? credentials.accessToken : async () => '';
    });
    expect(await Promise.all([one?.(signal), two?.(signal)])).toEqual(['1', '1']);
    expect(await Promise.all([one?.(signal), two?.(signal)])).toEqual(['2', '2']);
  } finally {
    rmSync(baseDirectory, { recursive: true });
  }
});
