import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { errorCodeOf } from '../../../error-text.ts';
import { BigQueryFailure, firstLine } from '../errors/bigquery-failure.ts';

/** How long to wait for one answer: outside of Google Cloud, a request often gets no answer at all. */
const SILENCE_MS = 3_000;
/** How long to ask again while connections are refused: the server may be about to start. */
const REFUSAL_MS = 8_000;
/** How long to ask again on a machine of Google: in the first seconds of a pod, the server of GKE does not answer. */
const START_MS = 20_000;
const BIOS_VENDOR = '/sys/class/dmi/id/bios_vendor';
const TOKEN_TIMEOUT_MS = 20_000;
const FLAVOR = 'metadata-flavor';

/** The part of the service account of the machine, or of the pod, that we are on. */
const SERVICE_ACCOUNT = 'computeMetadata/v1/instance/service-accounts/default';

const token = z.looseObject({ access_token: z.string().min(1), expires_in: z.number().positive() });

/** The server that tells a machine of Google Cloud its account: GCE_METADATA_HOST, else the address that is the same everywhere. */
function serverUrl(environment: Readonly<Record<string, string | undefined>>): string {
  return `http://${environment['GCE_METADATA_HOST'] || environment['GCE_METADATA_IP'] || '169.254.169.254'}`;
}

/** The account of this machine or pod. */
export interface MachineAccount {
  /** Null when the server tells a pool of identities instead, and when the machine has no account. */
  readonly email: string | null;
}

/**
 * Asks the metadata server, without a proxy; null when there is none. Takes 3 seconds if nothing answers, 8 if connections are
 * refused all the time, and 20 on a machine that was made by Google.
 */
export async function findMachineAccount(
  environment: Readonly<Record<string, string | undefined>>,
  biosVendorFile: string = BIOS_VENDOR,
): Promise<MachineAccount | null> {
  const url = `${serverUrl(environment)}/${SERVICE_ACCOUNT}/email`;
  const beganAt = performance.now();
  for (;;) {
    try {
      const response = await fetch(url, { headers: { [FLAVOR]: 'Google' }, signal: AbortSignal.timeout(SILENCE_MS) });
      const email = (await response.text()).trim();
      if (response.headers.get(FLAVOR) !== 'Google') return null;
      return { email: response.ok && email.includes('@') ? email : null };
    } catch (error) {
      const patienceMs = (await isMadeByGoogle(biosVendorFile)) ? START_MS : patienceOf(error);
      if (performance.now() - beganAt >= patienceMs) return null;
      await delay(500);
    }
  }
}

function patienceOf(error: unknown): number {
  return networkCodeOf(error) === 'ECONNREFUSED' ? REFUSAL_MS : 0;
}

async function isMadeByGoogle(biosVendorFile: string): Promise<boolean> {
  const vendor = await readFile(biosVendorFile, 'utf8').catch(() => '');
  return vendor.includes('Google');
}

/** A token of the machine's account. Rejects with a {@link BigQueryFailure} that bears the server's status. */
export async function fetchMachineToken(
  environment: Readonly<Record<string, string | undefined>>,
  scope: string,
): Promise<{ readonly access_token: string; readonly expiry_date: number }> {
  const url = `${serverUrl(environment)}/${SERVICE_ACCOUNT}/token?scopes=${encodeURIComponent(scope)}`;
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      headers: { [FLAVOR]: 'Google' },
      signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    throw new BigQueryFailure('the metadata server of the machine does not answer', {
      networkCode: networkCodeOf(error) ?? 'ETIMEDOUT',
    });
  }
  if (status !== 200) throw new BigQueryFailure(firstLine(text), { status });
  const { access_token, expires_in } = parseToken(text);
  return { access_token, expiry_date: Date.now() + expires_in * 1_000 };
}

/** The error of a JSON parser would quote the token, so this one says nothing of the text. */
function parseToken(text: string): z.infer<typeof token> {
  try {
    return token.parse(JSON.parse(text));
  } catch {
    throw new BigQueryFailure('the metadata server of the machine gives no token that can be read', { status: 502 });
  }
}

function networkCodeOf(error: unknown): string | null {
  return errorCodeOf(error instanceof Error ? error.cause : undefined) ?? null;
}
