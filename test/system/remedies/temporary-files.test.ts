/** The remedies for a full folder of temporary files: a plan and a rebuild that set much aside there. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { skipVisibly } from '../../support/postgres.ts';
import { ended } from '../../support/spawn-cli.ts';

const remedy = 'free space in the folder for temporary files, or name another folder in SQLITE_TMPDIR';

const modules = {
  'the spool of a rebuild': [
    new URL('../../../src/pipeline/log/spool.ts', import.meta.url).pathname,
    '({ Spool }) => new Spool().add(random)',
  ],
  'the overlay of a plan': [
    new URL('../../../src/load/overlay/overlay-store.ts', import.meta.url).pathname,
    "({ OverlayStore }) => new OverlayStore().append([], { payloads: [{ payloadHash: 'x', body: random }], removedPayloads: [] })",
  ],
} as const;

/** A folder of 1 MB, which only what runs in this name space of mounts sees. */
const script = `
mount -t tmpfs -o size=1m tmpfs "$FOLDER" && cd / && mkdir "$FOLDER/small" || exit 9
set_aside() { SQLITE_TMPDIR="$1" "$NODE" --input-type=module -e "$PROGRAM"; }
set_aside "$FOLDER/small"; echo "full: $?"
set_aside "$ROOM"; echo "another folder: $?"
mount -o remount,size=100m "$FOLDER" || exit 9
set_aside "$FOLDER/small"; echo "freed: $?"`;

function mountsWork(): boolean {
  try {
    execFileSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

if (!mountsWork()) skipVisibly('a full folder of temporary files', 'no tmpfs may be mounted with unshare -rm');
else
  test.each(Object.entries(modules))(
    '%s works with another folder, or when space is freed',
    async (_, [path, work]) => {
      const folder = await mkdtemp(join(tmpdir(), 'scenedim-full-'));
      const program = `
import { randomBytes } from 'node:crypto';
const random = randomBytes(20_000_000);
try { (${work})(await import(${JSON.stringify(path)})); } catch (error) { console.log(error.code + ': ' + error.remedy); process.exit(1); }`;
      const env = { ...process.env, FOLDER: folder, ROOM: tmpdir(), NODE: process.execPath, PROGRAM: program };
      const { stdout } = await ended(spawn('unshare', ['-rm', 'bash', '-c', script], { env }));
      expect(stdout).toBe(`file_unusable: ${remedy}\nfull: 1\nanother folder: 0\nfreed: 0\n`);
      await rm(folder, { recursive: true });
    },
  );
