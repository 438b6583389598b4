import { errorCodeOf, messageOf } from '../../../error-text.ts';
import { isScenedimError, ScenedimError } from '../../../errors.ts';
import { BigQueryFailure, fieldOf, firstLine, isPassingStatus } from '../errors/bigquery-failure.ts';

/** Where credentials come from. */
export interface CredentialsOrigin {
  readonly kind: 'service_account' | 'user' | 'federation' | 'machine';
  /** For messages, as in `the key of loader@my-project.iam.gserviceaccount.com`. */
  readonly description: string;
}

const login = 'run gcloud auth application-default login';
const remedies: Readonly<Record<CredentialsOrigin['kind'], string>> = {
  service_account:
    'the key was deleted, or the account was disabled or deleted: make a new key, or use workload identity',
  user: login,
  federation: 'check the workload identity pool, its provider, and the token that credential_source names',
  machine:
    'give the machine a service account; in GKE, bind the Kubernetes service account of the pod to one ' +
    '(roles/iam.workloadIdentityUser)',
};

/** Google's answer when it gives no token, read from the form of OAuth and from that of Google's own APIs. */
interface Refusal {
  readonly status: number | null;
  /** As in `invalid_grant` or `PERMISSION_DENIED`. */
  readonly word: string;
  readonly description: string;
}

/**
 * Why there is no token, as an error for people. A failure of the service or the network stays a {@link BigQueryFailure}, so that
 * the request is tried again.
 */
export function credentialsFailure(error: unknown, { kind, description }: CredentialsOrigin): Error {
  if (isScenedimError(error) || isPassingFailure(error)) return error;
  const refusal = refusalOf(error);
  const { status, word } = refusal;
  if (isPassingStatus(status)) return new BigQueryFailure(`no token: ${saidBy(refusal)}`, { status });
  const networkCode = networkCodeOf(error);
  if (status === null && networkCode !== null) {
    if (networkCode === 'ENOENT' || networkCode === 'EACCES') return unreadableToken(error);
    return new BigQueryFailure(`no token: ${firstLine(messageOf(error))}`, { networkCode });
  }
  if (status === 407) return proxyFailure();
  const isClock = /reasonable timeframe|short-lived|issued_at|\biat\b/i.test(refusal.description);
  const isPool = kind === 'federation' && /^(?:PERMISSION_DENIED|403)$/.test(word);
  return new ScenedimError('target_denied', `Google refuses ${description}: ${saidBy(refusal)}`, {
    remedy: isClock
      ? 'set the clock of this machine'
      : isPool
        ? 'grant the identity roles/iam.workloadIdentityUser on the service account that the file names'
        : remedies[kind],
  });
}

/** Why an account may not act as another one. */
export function impersonationFailure(error: unknown, target: string, member: string | null): Error {
  if (isScenedimError(error)) return error;
  const refusal = refusalOf(error);
  const { status } = refusal;
  const networkCode = networkCodeOf(error);
  if (isPassingStatus(status) || (status === null && networkCode !== null)) {
    return new BigQueryFailure(`no token of ${target}: ${saidBy(refusal)}`, { status, networkCode });
  }
  if (status === 407) return proxyFailure();
  const who = member ?? 'serviceAccount:EMAIL';
  const isApiDisabled = /has not been used in project|is disabled/.test(refusal.description);
  return new ScenedimError('target_denied', `${who} may not act as ${target}: ${saidBy(refusal)}`, {
    remedy: isApiDisabled
      ? `gcloud services enable iamcredentials.googleapis.com --project=${projectOf(target)}`
      : `gcloud iam service-accounts add-iam-policy-binding ${target} --member=${who} --role=roles/iam.serviceAccountTokenCreator`,
  });
}

/** A proxy that asks for user and password. */
function proxyFailure(): ScenedimError {
  return new ScenedimError('config_invalid', 'the proxy of HTTPS_PROXY wants a user and a password', {
    remedy: 'write them into it, before the host and an @',
  });
}

function unreadableToken(error: unknown): ScenedimError {
  const found = /The file at (.*) does not exist|, open '(.*)'/.exec(firstLine(messageOf(error)));
  const path = found?.[1] ?? found?.[2] ?? 'the token';
  return new ScenedimError('config_invalid', `credential_source: ${path} cannot be read (${networkCodeOf(error)})`, {
    remedy: 'mount the token of the workload there, or correct the file of the credentials',
  });
}

function isPassingFailure(error: unknown): error is BigQueryFailure {
  return error instanceof BigQueryFailure && (error.networkCode !== null || isPassingStatus(error.status));
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof BigQueryFailure)
    return { status: error.status, word: String(error.status), description: error.message };
  const response = fieldOf(error, 'response');
  const data = fieldOf(response, 'data');
  const body = fieldOf(data, 'error');
  const status = fieldOf(response, 'status');
  return {
    status: typeof status === 'number' ? status : null,
    word: textOf(body) ?? textOf(fieldOf(body, 'status')) ?? (typeof status === 'number' ? String(status) : ''),
    description: textOf(fieldOf(data, 'error_description')) ?? textOf(fieldOf(body, 'message')) ?? '',
  };
}

function saidBy({ word, description }: Refusal): string {
  return [word, description].filter((part) => part !== '').join(': ') || 'it gave no reason';
}

function networkCodeOf(error: unknown): string | null {
  if (error instanceof BigQueryFailure) return error.networkCode;
  return errorCodeOf(error) ?? null;
}

function projectOf(email: string): string {
  return /@([\w-]+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1] ?? 'PROJECT';
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
