import * as z from 'zod';
import { httpUrl } from '../../load/parse-section.ts';
import { parseDuration } from '../duration.ts';
import { flawOfPointer } from './json-pointer.ts';

/** Where a secret is kept, and how it is read from there; never the secret itself. */
export type SecretReference = SecretPlace & {
  /** The member of a JSON text that is the secret (RFC 6901). Default: the whole text is. */
  readonly pointer?: string;
  /** How long reading may take, in milliseconds, up to {@link MAX_TIMEOUT_MS}. Default {@link DEFAULT_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
};

/** `{appId}` stands for the account in `file`, `command` and `url`. */
export type SecretPlace =
  | { readonly env: string }
  | { readonly file: string }
  /** A program and its arguments; there is no shell. */
  | { readonly command: readonly string[] }
  | { readonly url: string; readonly headers?: Readonly<Record<string, string | SecretReference>> };

export const DEFAULT_TIMEOUT_MS = 10_000;

/** An hour; a timer of Node's that shall wait for more than 24.8 days ends at once. */
export const MAX_TIMEOUT_MS = 3_600_000;

const places = ['env', 'file', 'command', 'url'] as const;

const text = z.string().min(1);

const duration = z.string().transform((given, context): number => {
  const ms = parseDuration(given);
  if (ms !== undefined && ms > 0 && ms <= MAX_TIMEOUT_MS) return ms;
  context.addIssue('must be a time of at most 1h with its unit, like 10s or 500ms');
  return z.NEVER;
});

const pointer = z.string().superRefine((given, context) => {
  const flaw = flawOfPointer(given);
  if (flaw !== undefined) context.addIssue(flaw);
});

const header = z.union([z.string(), z.lazy((): z.ZodType<SecretReference> => secretReference)]);

/** A token of RFC 9110. */
const headerName = z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, { error: 'is not the name of a header' });

/** A reference as the config writes it: exactly one place. */
export const secretReference = z
  .strictObject({
    env: text.optional().describe('Name of the environment variable that holds the secret.'),
    file: text.optional().describe('File that holds the secret; relative to the config file.'),
    command: z
      .array(text)
      .min(1)
      .optional()
      .describe('Program that prints the secret, and its arguments; run without a shell beside the config file.'),
    url: httpUrl.optional().describe('Where a GET request is answered with the secret. No redirect is followed.'),
    headers: z
      .record(headerName, header)
      .optional()
      .describe('Headers of the request to url: each a text, or a secret reference.'),
    pointer: pointer.optional().describe('Which member of a JSON text is the secret, like /access_token (RFC 6901).'),
    timeout: duration.optional().describe('How long reading may take, like 10s, the default.'),
  })
  .transform(({ pointer, timeout, headers, ...given }, context): SecretReference => {
    const [place, ...others] = places.filter((name) => given[name] !== undefined);
    if (place === undefined || others.length > 0) return refuse(context, `needs exactly one of ${places.join(', ')}`);
    if (headers !== undefined && place !== 'url') return refuse(context, 'headers go with a url only');
    return {
      ...(given as SecretPlace),
      ...(headers !== undefined && { headers }),
      ...(pointer !== undefined && { pointer }),
      ...(timeout !== undefined && { timeoutMs: timeout }),
    };
  })
  .meta({ id: 'secret' });

/** A misspelt key is also missing under its right name; only the former is worth telling. */
export function refuse(context: z.core.$RefinementCtx, message: string): never {
  if (context.issues.length === 0) context.addIssue(message);
  return z.NEVER;
}
