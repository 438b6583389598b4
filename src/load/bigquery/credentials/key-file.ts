import { createPrivateKey } from 'node:crypto';
import * as z from 'zod';
import { ScenedimError } from '../../../errors.ts';
import { describeUnreadable, readText } from '../../../text-file.ts';

const text = z.string().min(1);

const serviceAccount = z.looseObject({
  type: z.literal('service_account'),
  client_email: text,
  private_key: text.refine(isPrivateKey, 'is not a private key'),
});
const authorizedUser = z.looseObject({
  type: z.literal('authorized_user'),
  client_id: text,
  client_secret: text,
  refresh_token: text,
});
const externalAccount = z.looseObject({
  type: z.literal('external_account'),
  audience: text,
  subject_token_type: text,
  credential_source: z.looseObject({}),
  service_account_impersonation_url: z.string().optional(),
});
const externalUser = z.looseObject({
  type: z.literal('external_account_authorized_user'),
  audience: text,
  refresh_token: text,
  client_id: text,
  client_secret: text,
  token_url: text,
  token_info_url: text,
});
const impersonated = z.looseObject({
  type: z.literal('impersonated_service_account'),
  service_account_impersonation_url: z.string().regex(/[^/]+:generateAccessToken$/),
  delegates: z.array(text).optional(),
  source_credentials: z.discriminatedUnion('type', [serviceAccount, authorizedUser, externalAccount, externalUser]),
});
const key = z.discriminatedUnion('type', [serviceAccount, authorizedUser, externalAccount, externalUser, impersonated]);

/** The content of a file that Google's tools write for Application Default Credentials, or that `gcloud iam` writes as a key. */
export type Key = z.output<typeof key>;

/** A file with credentials, and the setting that named it. */
export interface KeyFile {
  readonly path: string;
  /** For remedies: `target.keyFile`, or a variable. */
  readonly setting: string;
}

/** A pipe into which nobody writes is not waited for any longer, in milliseconds. */
const READ_TIMEOUT_MS = 10_000;

/** Reads a file with credentials; `config_invalid` when the file has none. No message quotes the file. */
export async function readKeyFile({ path, setting }: KeyFile): Promise<Key> {
  const subject = `${setting}: ${path}`;
  let content: string;
  try {
    content = await readText(path, { signal: AbortSignal.timeout(READ_TIMEOUT_MS) });
  } catch (cause) {
    const { why, remedy } = describeUnreadable(cause, `mount the key there, or correct ${setting}`);
    throw invalid(`${subject} ${why}`, remedy);
  }
  const { success, data, error } = key.safeParse(parseJson(content, subject, setting));
  if (success) return data;
  const [issue] = error.issues;
  const field = issue?.path.join('.') ?? '';
  const isKind = field === 'type' || field === 'source_credentials.type' || field === '';
  const fault = issue?.code === 'custom' ? issue.message : 'is missing or wrong';
  throw invalid(
    isKind ? `${subject} holds no credentials of Google Cloud` : `${subject}: its ${field} ${fault}`,
    remedyFor(setting),
  );
}

/** The parser's own message would quote the file. */
function parseJson(content: string, subject: string, setting: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw invalid(`${subject} is not JSON`, remedyFor(setting));
  }
}

function remedyFor(setting: string): string {
  return `name a JSON key of a service account, or a file that gcloud wrote, in ${setting}`;
}

function invalid(message: string, remedy: string): ScenedimError {
  return new ScenedimError('config_invalid', message, { remedy });
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).type === 'private';
  } catch {
    return false;
  }
}
