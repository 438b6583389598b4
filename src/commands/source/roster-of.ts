import type { Config } from '../../config/load-config.ts';
import { openRoster, type Roster, type RosterOptions } from '../../config/roster/open-roster.ts';
import { ScenedimError } from '../../errors.ts';
import type { Loader } from '../../load/loader.ts';
import type { Session } from '../session/session.ts';
import { withTarget } from '../target/with-target.ts';

/** Who has authorised the platform, for `accounts: { platform: all }`. */
export type Authorizers = RosterOptions['authorizers'];

/**
 * The roster that the last full run stored; empty where the target has no current schema, which its
 * own check tells.
 */
export function authorizersInTarget(loader: Loader, signal: AbortSignal): Authorizers {
  return async () => {
    const { roster, schemaVersion } = loader;
    if (roster === undefined || (await loader.readMeta(signal))?.schemaVersion !== schemaVersion) return new Set();
    return new Set(await Array.fromAsync(roster.read(signal)));
  };
}

/** The accounts of the config; a list that is a query is answered by the target. */
export function rosterOf(
  session: Session,
  config: Config,
  { loader, authorizers }: { readonly loader: Loader; readonly authorizers: Authorizers },
  narrowed: Pick<RosterOptions, 'appIds' | 'isCounted'> = {},
): Promise<Roster> {
  const { signal, stdin } = session;
  const query = (statement: string) => queryOn(loader, statement, signal);
  return openRoster(config, { ...narrowed, signal, stdin, query, authorizers });
}

/**
 * Like {@link rosterOf}, without an open target and without a request to WeChat. A target is opened
 * for a list that is a query or that of a platform. With `appIds`, none is opened for that of a
 * platform: they count as authorizers.
 */
export async function rosterWithoutTarget(
  session: Session,
  config: Config,
  appIds: readonly string[] = [],
): Promise<Roster> {
  const { signal, stdin } = session;
  const onTarget = <T>(work: (loader: Loader) => Promise<T>) =>
    withTarget(session, config, { label: 'accounts' }, ({ loader }) => work(loader));
  const query = (statement: string) => onTarget((loader) => queryOn(loader, statement, signal));
  const authorizers = async () =>
    appIds.length > 0 ? new Set(appIds) : onTarget((loader) => authorizersInTarget(loader, signal)());
  return openRoster(config, { appIds, signal, stdin, query, authorizers });
}

async function queryOn(loader: Loader, statement: string, signal: AbortSignal): Promise<readonly (string | null)[]> {
  const rows = await loader.tableReader?.select(statement, signal);
  if (rows !== undefined) return rows.map(([first = null]) => first);
  throw new ScenedimError('config_invalid', `source.accounts.query: a target of type ${loader.kind} takes no SQL`, {
    remedy: 'list the accounts in a file: accounts: { file: accounts.csv }',
  });
}
