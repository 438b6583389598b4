import { SECRET_IN_ANSWER } from '../../extract/scene-source.ts';
import type { Batch, FetchOutcome, PendingObservation } from '../batch/batch.ts';
import type { Run } from '../run/run.ts';

/**
 * The batch without answers that hold a secret of any account. The source has looked for the secrets
 * that were known when an answer came; others were read since. Each such account is reported, and its
 * failure is recorded.
 */
export function withoutSecrets(run: Run, batch: Batch): Batch {
  const { redact, holdsSecret } = run.context;
  const { code, message, remedy } = SECRET_IN_ANSWER;
  const refused = new Set([...batch.payloads].filter(([, { body }]) => holdsSecret(body)).map(([hash]) => hash));
  const failures = new Map<string, FetchOutcome>(batch.failures);
  const accounts = new Map<string, readonly PendingObservation[]>();
  for (const [appId, pending] of batch.accounts) {
    const isRefused = ({ payloadHash }: PendingObservation) => payloadHash !== null && refused.has(payloadHash);
    if (pending.some(isRefused)) {
      failures.set(appId, 'failed');
      run.tally.addProblem({ app_id: appId, kind: 'failed', code, message, remedy });
    }
    accounts.set(
      appId,
      pending.map((observation) => {
        if (isRefused(observation))
          return { ...observation, payloadHash: null, failure: { kind: 'failure', code, message } };
        const { failure } = observation;
        if (failure === null) return observation;
        return { ...observation, failure: { ...failure, message: redact(failure.message) } };
      }),
    );
  }
  const payloads = new Map([...batch.payloads].filter(([hash]) => !refused.has(hash)));
  return { accounts, failures, payloads };
}
