/**
 * `runtime-spec.ts BUNDLE ROOT [--env NAME=VALUE]… [--mount SOURCE:TARGET]… [--user UID:GID] [--entrypoint WORD]… [--] ARGUMENT…`:
 * completes what `runc spec` wrote.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const [bundle = '', root = '', ...rest] = process.argv.slice(2);
const { values, positionals } = parseArgs({
  args: rest,
  allowPositionals: true,
  options: {
    env: { type: 'string', multiple: true },
    mount: { type: 'string', multiple: true },
    user: { type: 'string' },
    entrypoint: { type: 'string', multiple: true },
  },
});
const file = join(bundle, 'config.json');
const spec = JSON.parse(readFileSync(file, 'utf8'));
const image = JSON.parse(readFileSync(join(bundle, 'image.json'), 'utf8')).OCIv1.config;
const [imageUid, imageGid] = String(image.User).split(':').map(Number);
if (!imageUid || !imageGid) throw new Error(`the image runs as "${image.User}", not as an unprivileged user by number`);
const [uid = 0, gid = 0] = values.user?.split(':').map(Number) ?? [imageUid, imageGid];

spec.process = {
  ...spec.process,
  terminal: false,
  user: { uid, gid },
  args: [...(values.entrypoint ?? image.Entrypoint), ...positionals],
  env: [...image.Env, ...(values.env ?? [])],
  cwd: image.WorkingDir,
  noNewPrivileges: true,
  capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
};
spec.root = { path: root, readonly: true };
spec.mounts = [
  ...spec.mounts.filter(({ destination }: { destination: string }) => destination !== '/sys/fs/cgroup'),
  ...(values.mount ?? []).map((mount) => {
    const [source, destination] = mount.split(':');
    return { destination, type: 'bind', source, options: ['bind', 'rw'] };
  }),
];
spec.linux.namespaces = spec.linux.namespaces.filter(
  ({ type }: { type: string }) => !['cgroup', 'network'].includes(type),
);
delete spec.linux.resources;
writeFileSync(file, JSON.stringify(spec));
