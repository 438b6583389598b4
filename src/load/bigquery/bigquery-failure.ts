/**
 * What went wrong between us and BigQuery, before anybody has judged it: an answer with an HTTP status, a job that ended with an
 * `errorResult`, or a connection that failed. Never leaves the loader; `classify-error.ts` judges it.
 */
export class BigQueryFailure extends Error {
  override readonly name = 'BigQueryFailure';
  /** BigQuery's own word, as in `notFound`; null when there was no answer that had one. */
  readonly reason: string | null;
  /** HTTP status; null for a job that failed and for a connection that did. */
  readonly status: number | null;
  /** As in `ECONNREFUSED`, when there was no answer at all. */
  readonly networkCode: string | null;

  constructor(
    message: string,
    parts: { readonly reason?: string | null; readonly status?: number | null; readonly networkCode?: string | null },
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = parts.reason ?? null;
    this.status = parts.status ?? null;
    this.networkCode = parts.networkCode ?? null;
  }
}

/** Reads the errors of the client library: those of the API have `code` and `errors[]`, those of the network a text as code. */
export function toFailure(error: unknown): BigQueryFailure {
  if (error instanceof BigQueryFailure) return error;
  if (!(error instanceof Error)) return new BigQueryFailure(String(error), {}, error);
  const code = 'code' in error ? error.code : undefined;
  const [first] = 'errors' in error && Array.isArray(error.errors) ? (error.errors as readonly unknown[]) : [];
  const detail = isRecord(first) ? first : {};
  const message = typeof detail['message'] === 'string' ? detail['message'] : firstLine(error.message);
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

/** Whether a dataset, table or job is not there; a project that is not there is a matter of the config. */
export function isMissing(error: unknown): boolean {
  const { reason, message } = toFailure(error);
  return reason === 'notFound' && !/^Not found: Project /.test(message);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
