/** Each remedy for how a Postgres is reached: told before or by the connection, and true on a real server. */
import { execFileSync, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { createCliWorkspace } from '../../support/cli-workspace.ts';
import { describePostgres, startPostgres } from '../../support/postgres.ts';
import { asUser, open, query, signal } from '../../support/postgres-loader-fixture.ts';
import { passwordGroup, unprivilegedOwner } from '../../support/postgres-server.ts';
import { cliPath, ended } from '../../support/spawn-cli.ts';

/** What a connection is made with. */
interface Way {
  readonly url?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

interface Trouble {
  readonly fault: Way;
  readonly says: string;
  readonly remedy: string;
  readonly cure: Way;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

async function reach({ url, env = {} }: Way): Promise<unknown> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  try {
    await using loader = await open(url ?? '', url === undefined ? { url: undefined } : {});
    return await loader.readMeta(signal);
  } finally {
    vi.unstubAllEnvs();
  }
}

async function follow({ fault, says, remedy, cure }: Trouble): Promise<void> {
  await expect(reach(fault)).rejects.toMatchObject({ message: expect.stringContaining(says), remedy });
  expect(await reach(cure)).toBeNull();
}

describePostgres(
  'a remedy for the settings of Postgres works:',
  ({ createDatabase, adminUrl, server }) => {
    test('in the URL', async () => {
      await using database = await createDatabase();
      const { url } = database;
      const { hostname, port, username, pathname } = new URL(url);
      const name = pathname.slice(1);
      const works = { url };
      const env = (more: Readonly<Record<string, string>>) => ({
        env: { PGHOST: hostname, PGPORT: port, PGUSER: username, PGDATABASE: name, ...more },
      });
      const supported = expect.stringMatching(/^take it away; supported are host, hostaddr, port, /);
      for (const trouble of [
        {
          fault: { url: `${url}?hostaddr=127.0.0.1,127.0.0.1` },
          says: 'different lengths',
          remedy: 'name one address a host',
          cure: { url: `${url}?hostaddr=127.0.0.1` },
        },
        {
          fault: env({ PGPORT: `${port},${port}` }),
          says: 'more or fewer ports than hosts',
          remedy: 'name one port, or one a host',
          cure: env({}),
        },
        {
          fault: env({ PGHOST: url }),
          says: 'a URL stands where a host should',
          remedy: 'write a whole URL into target.url, and only names into PGHOST',
          cure: works,
        },
        {
          fault: env({ PGPORT: '70000' }),
          says: '"70000" is not a port',
          remedy: 'use a number from 1 to 65535',
          cure: env({}),
        },
        {
          fault: { url: `${url}?sslnegotiation=maybe` },
          says: 'sslnegotiation "maybe" is not known',
          remedy: 'use postgres or direct',
          cure: { url: `${url}?sslnegotiation=postgres` },
        },
        {
          fault: { url: `${url}?sslmode=verify-ca&uselibpqcompat=true` },
          says: 'sslmode=verify-ca needs sslrootcert',
          remedy: 'name the file of the CA in sslrootcert',
          cure: null,
        },
        {
          fault: { url: `${url}?sslmode=maybe` },
          says: 'sslmode "maybe" is not known',
          remedy: 'use disable, allow, prefer, require, verify-ca or verify-full',
          cure: { url: `${url}?sslmode=prefer` },
        },
        {
          fault: { url: `${url}?ssl=maybe` },
          says: 'ssl "maybe" is not known',
          remedy: 'use sslmode',
          cure: { url: `${url}?sslmode=disable` },
        },
        {
          fault: { url: `${url}?sslrootcert=/nowhere/ca.pem` },
          says: '/nowhere/ca.pem',
          remedy: 'correct sslrootcert, sslcert or sslkey in target.url, or make the file readable',
          cure: works,
        },
        {
          fault: { url: `${url}?target_session_attrs=sometimes` },
          says: '"sometimes" is not supported',
          remedy: 'use any, read-write, read-only, primary, standby',
          cure: { url: `${url}?target_session_attrs=primary` },
        },
        {
          fault: { url: `${url}?target_session_attrs=standby` },
          says: 'no server is what target_session_attrs=standby asks for',
          remedy: 'name another host in target.url, or ask for any',
          cure: { url: `${url}?target_session_attrs=any` },
        },
        {
          fault: { url: `${url}?gssencmode=require` },
          says: 'gssencmode is not supported with this value',
          remedy: supported,
          cure: works,
        },
        {
          fault: { url: `${url}?applicaton_name=x` },
          says: 'applicaton_name is not a parameter',
          remedy: 'did you mean application_name?',
          cure: { url: `${url}?application_name=x` },
        },
        {
          fault: { url: url.replace('@', ':100%@') },
          says: 'it cannot be read as a URL',
          remedy:
            'write target.url like postgres://user@host:5432/database; percent-encode what is special in user and password: %40 for @, %3A for :, %2F for /, %23 for #, %25 for %',
          cure: { url: url.replace('@', ':100%25@') },
        },
        {
          fault: { url: `${url}?sslmode=require` },
          says: 'SSL',
          remedy: 'set sslmode=disable in target.url, or turn TLS on in the server',
          cure: { url: `${url}?sslmode=disable` },
        },
        {
          fault: { url: url.replace(`:${port}`, ':1') },
          says: 'ECONNREFUSED',
          remedy: 'check host and port of target.url, and that the server is up',
          cure: works,
        },
        {
          fault: { url: `postgres:///${name}?host=/nowhere&user=${username}` },
          says: 'ENOENT',
          remedy: 'check the socket folder in target.url, and that the server is up',
          cure: works,
        },
        {
          fault: { url: url.replace(name, 'nowhere') },
          says: 'database "nowhere" does not exist',
          remedy: 'correct the name, or create the database',
          cure: works,
        },
        {
          fault: { url: asUser(url, 'nobody_here') },
          says: 'role "nobody_here" does not exist',
          remedy: 'check user, password and pg_hba.conf',
          cure: works,
        },
      ]) {
        if (trouble.cure === null) await expect(reach(trouble.fault)).rejects.toMatchObject({ remedy: trouble.remedy });
        else await follow(trouble as Trouble);
      }
    });

    test('in the file of services', async () => {
      await using database = await createDatabase();
      const { hostname, port, username } = new URL(database.url);
      const folder = await mkdtemp(join(tmpdir(), 'scenedim-service-'));
      const file = join(folder, 'pg_service.conf');
      const lines = ['[mine]', `host=${hostname}`, `port=${port}`, `user=${username}`, `dbname=${database.name}`];
      await writeFile(file, lines.join('\n'));
      await writeFile(join(folder, 'spaced'), lines.join('\n').replace('host=', 'host '));
      const env = { PGSERVICEFILE: file, PGSYSCONFDIR: folder };
      const works = { url: 'postgres://?service=mine', env };
      for (const trouble of [
        {
          fault: { url: 'postgres://?service=yours', env },
          says: 'the service "yours" is in none of',
          remedy: 'correct ?service= of target.url or PGSERVICE, or name the file in PGSERVICEFILE',
          cure: works,
        },
        {
          fault: { url: 'postgres://?service=mine', env: { ...env, PGSERVICEFILE: folder } },
          says: `the service file ${folder} is a directory`,
          remedy: 'make it readable, or name another one in PGSERVICEFILE',
          cure: works,
        },
        {
          fault: { url: 'postgres://?service=mine', env: { ...env, PGSERVICEFILE: join(folder, 'spaced') } },
          says: 'spaced:2: not a setting',
          remedy: 'write name=value, without spaces around the =',
          cure: works,
        },
      ]) {
        await follow(trouble);
      }
      const pipe = join(folder, 'pipe');
      execFileSync('bash', ['-c', 'mkfifo "$0"', pipe]);
      const silent = { url: 'postgres://?service=mine', env: { ...env, PGSERVICEFILE: pipe } };
      await expect(reach(silent)).rejects.toMatchObject({ remedy: 'start what writes into it first' });
      const writer = spawn('bash', ['-c', 'cat "$0" > "$1"', file, pipe]);
      expect(await reach(silent)).toBeNull();
      writer.kill();
      await rm(folder, { recursive: true });
    });

    test('for the rights on its socket', async () => {
      await using own = await startPostgres(server);
      const { socketDir: folder, port } = own;
      const url = `postgres:///postgres?host=${folder}&port=${port}&user=postgres`;
      await using work = await createCliWorkspace({ target: { type: 'postgres', url } });
      await chmod(work.directory, 0o755);
      // Root is never refused.
      const asOwner = { ...unprivilegedOwner(), cwd: work.directory };
      const migrate = () => ended(spawn(process.execPath, [cliPath, 'migrate'], asOwner));
      await chmod(folder, 0o600);
      const refused = await migrate();
      await chmod(folder, 0o700);
      expect([refused.code, refused.stderr]).toEqual([77, expect.stringContaining('EACCES')]);
      expect(refused.stderr).toContain('remedy: give the user of this process access to the socket\n');
      expect(await migrate()).toMatchObject({ code: 0 });
    });

    test('for its password', async () => {
      await using database = await createDatabase();
      const role = `sesame_${process.pid}_${server.major}`;
      const password = 'p/w#1@x:%';
      await query(adminUrl(), `create role ${role} login password '${password}' in role ${passwordGroup}`);
      const folder = await mkdtemp(join(tmpdir(), "scenedim pass'word-"));
      const file = join(folder, 'pgpass');
      await writeFile(file, `*:*:*:${role}:${password.replaceAll(':', '\\:')}\n`);
      await chmod(file, 0o644);
      const without = { url: asUser(database.url, role), env: { PGPASSFILE: '/nowhere' } };
      const raw = database.url.replace(/\/\/[^@]*@/, `//${role}:${password}@`);
      const remedy = 'set the password by target.passwordFile, target.url, PGPASSWORD or ~/.pgpass';
      const encode = 'percent-encode the password: / is %2F, ? is %3F, # is %23, @ is %40, : is %3A, % is %25';
      const encoding = {
        url: asUser(database.url, role, encodeURIComponent(password)),
        env: { PGPASSFILE: '/nowhere' },
      };
      await follow({
        fault: without,
        says: 'the database asks for a password and there is none',
        remedy,
        cure: encoding,
      });
      await follow({
        fault: without,
        says: 'there is none',
        remedy,
        cure: { ...without, env: { ...without.env, PGPASSWORD: password } },
      });
      const readable = { ...without, env: { PGPASSFILE: file } };
      const refused: unknown = await reach(readable).catch((error: unknown) => error);
      const { remedy: command } = refused as { readonly remedy: string };
      expect(command).toMatch(/^chmod 600 '/);
      execFileSync('bash', ['-c', command]);
      expect(await reach(readable)).toBeNull();
      const mounted = { passwordFile: join(folder, 'password') };
      await expect(open(without.url, mounted).then((loader) => loader.readMeta(signal))).rejects.toMatchObject({
        remedy: 'mount the password there, or correct target.passwordFile',
      });
      await writeFile(mounted.passwordFile, '\n');
      await expect(open(without.url, mounted).then((loader) => loader.readMeta(signal))).rejects.toMatchObject({
        remedy: 'put the password of the role there',
      });
      await writeFile(mounted.passwordFile, `${password}\n`);
      await using loader = await open(without.url, mounted);
      expect(await loader.readMeta(signal)).toBeNull();
      await expect(open(raw)).rejects.toMatchObject({ remedy: encode });
      expect(await reach(encoding)).toBeNull();
      await rm(folder, { recursive: true });
    });
  },
  { versions: 'newest' },
);
