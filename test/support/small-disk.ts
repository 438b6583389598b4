/** A disk of a few megabytes, which only what is started within its name space of mounts sees. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const isRoot = process.getuid?.() === 0;
/** Who is not root may mount in a name space where it is. */
const unshareFlags = isRoot ? ['--mount'] : ['--map-root-user', '--mount'];
const enterFlags = isRoot ? ['--mount'] : ['--user', '--mount', '--preserve-credentials'];

export interface SmallDisk extends AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string;
  /** What a command begins with that sees the disk. */
  readonly within: readonly string[];
}

/** True where {@link mountSmallDisk} may mount. */
export function mountsWork(): boolean {
  try {
    execFileSync('unshare', [...unshareFlags, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Mounts a disk of so many megabytes; disposing ends its name space, and with it the disk. */
export async function mountSmallDisk(megabytes: number): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'scenedim-disk-'));
  const script = `mount -t tmpfs -o mode=0777,size=${megabytes}m tmpfs "$0" && echo mounted && exec cat`;
  const holder = spawn('unshare', [...unshareFlags, 'sh', '-c', script, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  return {
    path,
    within: ['nsenter', '--target', String(holder.pid), ...enterFlags, '--'],
    [Symbol.asyncDispose]: async () => {
      const ended = once(holder, 'exit');
      holder.stdin.end();
      await ended;
      await rm(path, { recursive: true });
    },
  };
}
