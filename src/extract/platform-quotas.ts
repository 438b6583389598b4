import type { CallFailure, CallRefused } from './call-outcome.ts';
import type { Asked } from './judge-attempt.ts';

/**
 * The daily quotas (45009) of a third-party platform: one for each endpoint, shared by all its
 * authorizers. An account with credentials of its own has its own quota, which is not kept here.
 */
export class PlatformQuotas {
  readonly #usedUp = new Map<Asked['endpoint'], CallFailure>();

  see({ endpoint, credentials }: Asked, failure: CallFailure): void {
    if (credentials === 'platform' && failure.errorClass === 'quota') this.#usedUp.set(endpoint, failure);
  }

  /**
   * The failure of a request that is not made, because its quota is used up; null when it may be
   * made.
   */
  failureOf({ endpoint, credentials }: Asked): CallRefused | null {
    const failure = credentials === 'platform' ? this.#usedUp.get(endpoint) : undefined;
    return failure === undefined ? null : { kind: 'failure', failure: { ...failure, unasked: true } };
  }
}
