import { abortable } from '../../abortable.ts';
import { reasonOf } from '../../error-text.ts';
import type { Redactor } from '../../secrets/redact.ts';
import { redactedJson } from '../redacted-json.ts';
import type { RunWatcher } from '../run-watcher.ts';
import { findLineageTransport, type LineageTransport } from './find-lineage-transport.ts';
import { endEvent, type LineageEvent, type LineageRun, startEvent } from './lineage-events.ts';
import { type SenderSurroundings, senderOf } from './lineage-sender.ts';
import { parentRunOf } from './parent-run.ts';
import { uuidV7 } from './uuid-v7.ts';

/** How long the end of a run waits for the server, whatever the transport's `timeout` is. */
const END_LIMIT_MS = 3_000;

export interface LineageOptions extends SenderSurroundings {
  readonly redactor: Pick<Redactor, 'register' | 'redact'>;
  readonly warn: (message: string) => void;
}

/**
 * Tells OpenLineage how runs go. Resolves with null where nobody said where events go. The first event is sent while the run is
 * at work; the last one, and what is left of the first, may take 3 seconds. What fails is told once, at the end.
 */
export async function createLineageWatcher(options: LineageOptions): Promise<RunWatcher | null> {
  const { environment, redactor, warn } = options;
  const transport = await findLineageTransport(options);
  if (transport === null) return null;
  for (const secret of secretsOf(transport)) redactor.register(secret);
  const sender = senderOf(transport, options);
  // Milliseconds are whole: 2.01 s are 2009.9999999999998 of them.
  const timeoutMs = transport.type === 'http' ? Math.ceil(transport.timeout * 1000) : END_LIMIT_MS;
  const namespace = environment['OPENLINEAGE_NAMESPACE'] || 'default';
  const parent = parentRunOf(environment, warn);
  const closing = new AbortController();
  let identity: LineageRun | null = null;
  let first: Promise<Error | null> = Promise.resolve(null);

  /** Resolves with what went wrong, or null. */
  const send = async (event: LineageEvent): Promise<Error | null> => {
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), closing.signal]);
    try {
      // A file on a disk that hangs does not heed the signal.
      await abortable(sender.send(redactedJson(event, redactor), signal), signal);
      return null;
    } catch (error) {
      const reason = signal.aborted ? 'no answer in time' : reasonOf(error);
      return new Error(`${sender.to}: ${reason}`, { cause: error });
    }
  };

  return {
    name: 'OpenLineage',
    isRequired: false,
    async started(run) {
      identity = { runId: uuidV7(run.startedAt), namespace, parent };
      first = send(startEvent(run, identity));
    },
    async ended(run) {
      if (identity === null) return;
      const limit = setTimeout(() => closing.abort(), END_LIMIT_MS);
      const failures = [await first, await send(endEvent(run, identity))].filter((each) => each !== null);
      clearTimeout(limit);
      if (failures.length > 0) throw failures[0];
    },
  };
}

function secretsOf(transport: LineageTransport): readonly string[] {
  if (transport.type !== 'http') return [];
  const { auth, headers, custom_headers: custom } = transport;
  const named = Object.entries({ ...headers, ...custom }).filter(([name]) =>
    /auth|key|token|secret|cookie/i.test(name),
  );
  const words = named.flatMap(([, value]) => [value, value.split(/\s+/).at(-1) ?? '']);
  return [...(auth === null ? [] : [auth]), ...words];
}
