import type { z } from 'zod';

/**
 * A failure as BigQuery tells it: an answer with an HTTP status, a job that ended with an `errorResult`, or a connection that
 * failed. `classify-error.ts` turns it into a ScenedimError before it leaves the loader.
 */
export class BigQueryFailure extends Error {
  override readonly name = 'BigQueryFailure';
  /** BigQuery's own word, as in `notFound`; null when the answer had none, or when there was no answer. */
  readonly reason: string | null;
  /** HTTP status; null for a failed job and for a failed connection. */
  readonly status: number | null;
  /** As in `ECONNREFUSED`, when there was no answer at all. */
  readonly networkCode: string | null;
  /** Whether the answer is not BigQuery's, but that of a proxy, a login page or another server. */
  readonly isForeign: boolean;

  constructor(message: string, parts: Partial<FailureParts>, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = parts.reason ?? null;
    this.status = parts.status ?? null;
    this.networkCode = parts.networkCode ?? null;
    this.isForeign = parts.isForeign ?? false;
  }
}

type FailureParts = Pick<BigQueryFailure, 'reason' | 'status' | 'networkCode' | 'isForeign'>;

/** What Google's client puts before the reason of a connection that failed. */
const unreachable = /^request to (\w+:\/\/[^/]+)\S* failed, reason: /;

/** Reads an error of the client library: an error of the API has `code` and `errors[]`, an error of the network a text as `code`. */
export function toFailure(error: unknown): BigQueryFailure {
  if (error instanceof BigQueryFailure) return error;
  if (!(error instanceof Error)) return new BigQueryFailure(String(error), {}, error);
  const code = 'code' in error ? error.code : undefined;
  const foreign = foreignAnswer(error, code);
  if (foreign !== null) return foreign;
  const [first] = 'errors' in error && Array.isArray(error.errors) ? (error.errors as readonly unknown[]) : [];
  const detail = isRecord(first) ? first : {};
  const message =
    typeof detail['message'] === 'string'
      ? detail['message']
      : firstLine(error.message).replace(unreachable, '$1 cannot be reached: ');
  return new BigQueryFailure(
    message,
    {
      reason: typeof detail['reason'] === 'string' ? detail['reason'] : null,
      status: typeof code === 'number' ? code : null,
      networkCode: typeof code === 'string' ? code : null,
    },
    error,
  );
}

/** An answer that is not BigQuery's; null for one that is: JSON with an `error` in it. Google's client loses the status in its message. */
function foreignAnswer(error: Error, code: unknown): BigQueryFailure | null {
  if ('type' in error && error.type === 'max-redirect') {
    return new BigQueryFailure('answers with a redirect', { isForeign: true }, error);
  }
  if (typeof code !== 'number' || !('response' in error) || !isRecord(error.response)) return null;
  const { body } = error.response;
  if (isRecord(body) && 'error' in body) return null;
  return new BigQueryFailure(`answers with HTTP status ${code}`, { status: code, isForeign: true }, error);
}

/** What BigQuery answered, read by `schema`; an answer that does not fit is not BigQuery's. */
export function parseAnswer<Answer>(schema: z.ZodType<Answer>, answer: unknown): Answer {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new BigQueryFailure('answers with something else', { isForeign: true }, parsed.error);
}

/** Whether a status says that the same request may succeed in a moment. */
export function isPassingStatus(status: number | null): boolean {
  return status !== null && (status === 408 || status === 429 || status >= 500);
}

/** The result of making something, or null when it is there already: the answer to an earlier attempt was lost, or another run made it. */
export async function unlessThere<Made>(making: Promise<Made>, signal: AbortSignal): Promise<Made | null> {
  return making.catch((error: unknown) => {
    if (signal.aborted || toFailure(error).reason !== 'duplicate') throw error;
    return null;
  });
}

/** Whether a dataset, table or job is missing; a missing project is an error of the config. */
export function isMissing(error: unknown): boolean {
  const { reason, message } = toFailure(error);
  return reason === 'notFound' && !/^Not found: Project /.test(message);
}

/** A member of an answer that nothing is known of; undefined when there is none. */
export function fieldOf(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

export function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
