import type { Command } from 'commander';
import * as z from 'zod';
import type { Config } from '../config/load-config.ts';
import { ScenedimError } from '../errors.ts';
import { FORCED_A_DAY } from '../extract/credentials/app-secret-token.ts';
import type { AppSecretCredentials } from '../extract/scene-source.ts';
import { count, type Document } from '../output-fields.ts';
import { shellWord } from '../shell-word.ts';
import { askConsent, assertConfirmFits } from './session/consent.ts';
import type { RunAction } from './session/run-action.ts';
import type { CommonOptions, Session } from './session/session.ts';
import { failedCall } from './source/failed-call.ts';
import { withSource } from './source/open-source.ts';
import { rosterWithoutTarget } from './source/roster-of.ts';
import { credentialsOf, secretContextOf } from './source/with-credentials.ts';

export const description =
  'Replaces the access token that stable_token gives for an account. Whatever uses the one before is refused from then on, ' +
  `so no run ever does it. WeChat allows ${FORCED_A_DAY} a day.`;

export const examples = [
  ['token refresh --app-id wx0123456789abcdef --confirm wx0123456789abcdef', 'somebody has seen the token'],
] as const;

interface TokenFlags extends CommonOptions {
  readonly appId: string;
  readonly confirm?: string;
}

export function define(command: Command, run: RunAction): void {
  command
    .argument('<action>', 'refresh')
    .requiredOption('--app-id <id>', 'the account (required)')
    .option('--confirm <id>', 'the account once more, to confirm it where there is no terminal')
    .action(run<TokenFlags>(refresh));
}

/** What `token refresh --json` prints. */
export const tokenDocumentSchema = z.strictObject({
  app_id: z.string(),
  replaced: z.boolean().describe('False when somebody said no at the question: then nothing was done.'),
  allowed_a_day: count.describe('How often WeChat allows it for an account in a day; each replaced one counts.'),
});

async function refresh(
  session: Session,
  { appId, confirm, json }: TokenFlags,
  [action = '']: readonly string[],
): Promise<number> {
  if (action !== 'refresh') {
    throw new ScenedimError('usage', `there is no "${action}" of a token`, { remedy: 'write scenedim token refresh' });
  }
  const consent = {
    name: appId,
    kind: `the account, ${appId}`,
    given: confirm,
    command: `token refresh --app-id ${shellWord(appId)}`,
  };
  assertConfirmFits(consent);
  const config = await session.loadConfig();
  const credentials = await appSecretOf(session, config, appId);
  const question = `replace the token of ${appId} (whoever uses the present one is refused from then on)`;
  const document = (replaced: boolean): Document<typeof tokenDocumentSchema> => {
    return { app_id: appId, replaced, allowed_a_day: FORCED_A_DAY };
  };
  if (!(await askConsent(session, consent, question))) {
    await (json === true ? session.out.printJson(document(false)) : session.out.print('nothing was done\n'));
    return 0;
  }
  const failure = await withSource(session, config, (source) =>
    source.replaceToken({ appId, credentials }, session.signal),
  );
  if (failure !== null) throw failedCall(`account ${appId}`, failure);
  if (json === true) await session.out.printJson(document(true));
  else {
    const spent = `it took 1 of the ${FORCED_A_DAY} that WeChat allows a day`;
    await session.out.print(`the token of ${appId} is replaced; ${spent}\n`);
  }
  return 0;
}

async function appSecretOf(session: Session, config: Config, appId: string): Promise<AppSecretCredentials> {
  const secrets = secretContextOf(session, config);
  for await (const account of await rosterWithoutTarget(session, config, [appId])) {
    const credentials = credentialsOf(account, secrets);
    if ('appSecret' in credentials) return credentials;
    if ('platform' in credentials) {
      throw new ScenedimError('config_invalid', `account ${appId} has no appSecret: it is one of the platform`, {
        remedy: 'name an account with an appSecret: only such a token can be replaced',
      });
    }
  }
  throw new ScenedimError('config_invalid', `account ${appId} has no appSecret: somebody else maintains its token`, {
    remedy: 'replace it where it is maintained',
  });
}
