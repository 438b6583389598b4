import { join } from 'node:path';
import { errorCodeOf } from '../../error-text.ts';
import { ScenedimError } from '../../errors.ts';
import { homeFolder } from '../../process/home-folder.ts';
import { describeUnreadable, readTextSync } from '../../text-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a service of `~/.pg_service.conf` or the system's `pg_service.conf` says, as libpq reads them. */
export function readService(service: string, environment: Environment): ReadonlyMap<string, string> {
  const files = serviceFiles(environment);
  for (const file of files) {
    const found = sectionOf(readOptional(file), service, file);
    if (found !== undefined) return found;
  }
  throw new ScenedimError('config_invalid', `the service "${service}" is in none of ${files.join(', ')}`, {
    remedy: 'correct ?service= of target.url or PGSERVICE, or name the file in PGSERVICEFILE',
  });
}

function serviceFiles(environment: Environment): readonly string[] {
  const home = homeFolder(environment);
  const own = environment['PGSERVICEFILE'] || (home !== undefined && join(home, '.pg_service.conf'));
  const systemFolders = environment['PGSYSCONFDIR']
    ? [environment['PGSYSCONFDIR']]
    : ['/etc/postgresql-common', '/etc'];
  return [...(own ? [own] : []), ...systemFolders.map((folder) => join(folder, 'pg_service.conf'))];
}

function readOptional(file: string): string {
  try {
    return readTextSync(file);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return '';
    const { why, remedy } = describeUnreadable(error, 'make it readable, or name another one in PGSERVICEFILE');
    throw new ScenedimError('config_invalid', `the service file ${file} ${why}`, { remedy });
  }
}

function sectionOf(text: string, service: string, file: string): ReadonlyMap<string, string> | undefined {
  let settings: Map<string, string> | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      if (settings !== undefined) return settings;
      if (line === `[${service}]`) settings = new Map();
      continue;
    }
    if (settings === undefined) continue;
    const [name = '', value] = splitAtFirst('=', line);
    if (value === undefined) {
      throw new ScenedimError('config_invalid', `${file}:${index + 1}: not a setting`, {
        remedy: 'write name=value, without spaces around the =',
      });
    }
    settings.set(name.trim(), value.trim());
  }
  return settings;
}

/** What stands before and behind the first separator; the whole text alone where there is none. */
export function splitAtFirst(separator: string, text: string): readonly [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
