import type { Config } from '../../config/load-config.ts';
import type { ConsentRequest } from '../session/consent.ts';
import { schemaOf } from './schema-of.ts';

/** The consent to a command that takes something away from the target for good: `--confirm` repeats its schema or dataset. */
export function targetConsent(
  target: Config['target'],
  { command, given }: Pick<ConsentRequest, 'command' | 'given'>,
): ConsentRequest {
  return { name: schemaOf(target), kind: 'the schema or dataset of this target', command, given };
}
