import { ScenedimError } from '../../errors.ts';
import { flawOfSecret } from '../../extract/credentials/secret-text.ts';

/**
 * Throws `config_invalid` for a text that cannot be a token or a secret. `what` is its name in the
 * message.
 */
export function assertUsable(appId: string, what: string, secret: string): void {
  const flaw = flawOfSecret(what, secret);
  if (flaw === null) return;
  const remedy = flaw.remedy ?? `check the credentials of ${appId} in source`;
  throw new ScenedimError('config_invalid', flaw.message, { remedy });
}
