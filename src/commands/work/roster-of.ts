import type { Config } from '../../config/load-config.ts';
import { openRoster, type Roster, type RosterOptions } from '../../config/roster/open-roster.ts';
import { ScenedimError } from '../../errors.ts';
import type { Loader } from '../../load/loader.ts';
import type { Session } from '../session/session.ts';
import { withTarget } from './with-target.ts';

/** The accounts of the config; a list that is a query is answered by the target. */
export function rosterOf(
  session: Session,
  config: Config,
  loader: Loader,
  narrowed: Pick<RosterOptions, 'appIds' | 'isCounted'> = {},
): Promise<Roster> {
  const { signal, stdin } = session;
  return openRoster(config, { ...narrowed, signal, stdin, query: (statement) => queryOn(loader, statement, signal) });
}

/** Like {@link rosterOf} where no target is open: one is opened only for a list that is a query. */
export async function rosterWithoutTarget(
  session: Session,
  config: Config,
  appIds: readonly string[] = [],
): Promise<Roster> {
  const { signal, stdin } = session;
  const query = (statement: string) =>
    withTarget(session, config, { label: 'accounts', readOnly: true }, ({ loader }) =>
      queryOn(loader, statement, signal),
    );
  return openRoster(config, { appIds, signal, stdin, query });
}

async function queryOn(loader: Loader, statement: string, signal: AbortSignal): Promise<readonly (string | null)[]> {
  if (loader.queryColumn !== undefined) return loader.queryColumn(statement, signal);
  throw new ScenedimError('config_invalid', `source.accounts.query: a target of type ${loader.kind} takes no SQL`, {
    remedy: 'list the accounts in a file: accounts: { file: accounts.csv }',
  });
}
