import { ScenedimError } from '../errors.ts';
import { flawOfUrl } from './url-flaw.ts';

/** Refuses a proxy of the environment of which a part of the password would be read as the host. */
export function assertProxies(environment: Readonly<Record<string, string | undefined>>): void {
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'].flatMap((it) => [it, it.toLowerCase()])) {
    const value = environment[name] ?? '';
    const flaw = flawOfUrl(value.includes('//') ? value : `//${value}`);
    if (flaw !== undefined)
      throw new ScenedimError('config_invalid', `${name}: ${flaw.message}`, { remedy: flaw.remedy });
  }
}
