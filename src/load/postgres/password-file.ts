import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ScenedimError } from '../../errors.ts';
import { homeFolder } from '../../process/home-folder.ts';
import { shellWord } from '../../shell-word.ts';
import { readTextSync } from '../../text-file.ts';

/** What a line of the password file is looked up by. */
export interface PasswordKey {
  /** A socket folder counts as `localhost`, as in libpq. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** The password of `~/.pgpass` or of `file`, as libpq finds it; undefined when there is none. */
export function readPassword(
  key: PasswordKey,
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const home = homeFolder(environment);
  const path = file ?? (home === undefined ? undefined : join(home, '.pgpass'));
  if (path === undefined) return undefined;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile()) return undefined;
  if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
    throw new ScenedimError('target_denied', `others may read the password file ${path}, so it is not used`, {
      remedy: `chmod 600 ${shellWord(path)}`,
    });
  }
  const host = key.host.startsWith('/') ? 'localhost' : key.host;
  const wanted = [host, String(key.port), key.database, key.user];
  for (const line of readTextSync(path).split(/\r?\n/)) {
    if (line === '' || line.startsWith('#')) continue;
    const fields = (line.match(/(?:\\.|[^\\:])*(?::|$)/g) ?? []).map((field) => field.replace(/:$/, ''));
    const [password] = fields.slice(4, 5);
    const names = fields.slice(0, 4).map(unescaped);
    const fits = wanted.every((value, index) => fields[index] === '*' || names[index] === value);
    if (fits && password !== undefined && password !== '') return unescaped(password);
  }
  return undefined;
}

function unescaped(field: string): string {
  return field.replace(/\\(.)/g, '$1');
}
