import * as z from 'zod';
import { didYouMean } from '../did-you-mean.ts';
import { problemOfAppId } from '../dimension/app-id.ts';
import { firstSeenModes } from '../dimension/version.ts';
import { sourceDefaults } from '../extract/source-defaults.ts';
import { bigquerySection } from '../load/bigquery/bigquery-config.ts';
import { autoMigrate, refuseUser } from '../load/parse-section.ts';
import { pgliteSection } from '../load/pglite/pglite-config.ts';
import { postgresSection } from '../load/postgres/postgres-config.ts';
import { builtInTargetTypes } from '../load/registry.ts';
import type { AccountConfig } from './account-config.ts';
import { isMap, valueAt } from './config-path.ts';
import type { SecretReference } from './secret.ts';
import { DEFAULT_TIME_ZONE, isTimeZone, likelyTimeZone } from './time-zone.ts';

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'is not a URL that starts with http:// or https://', abort: true })
  .superRefine(refuseUser);

const secret = z
  .strictObject({
    env: z.string().min(1).optional().describe('Name of the environment variable that holds the secret.'),
    file: z.string().min(1).optional().describe('File that holds the secret; relative to the config file.'),
  })
  .meta({ minProperties: 1, maxProperties: 1 })
  .transform(({ env, file }, context): SecretReference => {
    if (env !== undefined && file === undefined) return { env };
    if (file !== undefined && env === undefined) return { file };
    return refuse(context, 'needs exactly one of env and file');
  });

const account = z
  .strictObject({
    appId: z
      .string()
      .superRefine((appId, context) => {
        const problem = problemOfAppId(appId);
        if (problem !== undefined) context.addIssue(problem);
      })
      .meta({ minLength: 1, maxLength: 128 })
      .describe('App id of the mini program, as in wx0123456789abcdef.'),
    accessToken: secret.optional().describe('A token that someone else maintains.'),
    appSecret: secret.optional().describe('Secret of the account; scenedim calls stable_token with it.'),
  })
  .transform(({ appId, accessToken, appSecret }, context): AccountConfig => {
    if (accessToken !== undefined && appSecret === undefined) return { appId, accessToken };
    if (appSecret !== undefined && accessToken === undefined) return { appId, appSecret };
    return refuse(context, 'needs exactly one of accessToken and appSecret');
  });

const listedAccounts = z.array(account).min(1);

const accountsFile = z.strictObject({
  file: z
    .string()
    .min(1)
    .describe('CSV file with a header; columns app_id and one of secret_env, secret_file, token_env, token_file.'),
});

const source = z.strictObject({
  baseUrl: httpUrl.default(sourceDefaults.baseUrl).describe('Where the WeChat API answers.'),
  fallbackBaseUrls: z
    .array(httpUrl)
    .optional()
    .describe(
      `Hosts to try when baseUrl cannot be reached (connect, DNS, 5xx); default ${sourceDefaults.fallbackBaseUrl} for the default baseUrl, else none.`,
    ),
  concurrency: z
    .int()
    .min(1)
    .max(1000)
    .default(sourceDefaults.concurrency)
    .describe('Requests at the same time, 1 to 1000.'),
  ratePerSecond: z
    .number()
    .positive()
    .max(10_000)
    .default(sourceDefaults.ratePerSecond)
    .describe('Requests started in a second, at most.'),
  timeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(sourceDefaults.timeoutMs)
    .describe('Longest time for one request, in milliseconds.'),
  totalTimeoutMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(sourceDefaults.totalTimeoutMs)
    .describe('Longest time for one account, repetitions and waits included, in milliseconds.'),
  accounts: z.union([listedAccounts, accountsFile]).describe('The accounts whose scene lists are fetched.'),
});

/** The `target` section of each built-in kind, as its loader describes it. */
const builtInTargets: Readonly<Record<string, TargetSchema>> = {
  pglite: pgliteSection,
  postgres: postgresSection,
  bigquery: bigquerySection,
} satisfies Record<(typeof builtInTargetTypes)[number], TargetSchema>;

/** A misspelt key is also missing under its right name; only the former is worth telling. */
function refuse(context: z.core.$RefinementCtx, message: string): never {
  if (context.issues.length === 0) context.addIssue(message);
  return z.NEVER;
}

const ownTarget = z
  .looseObject({
    type: z
      .string()
      .regex(new RegExp(`^(?!(?:${builtInTargetTypes.join('|')})$)[@\\w./-]+$`), {
        error: 'is neither a kind of target nor the name of a package',
        abort: true,
      })
      .superRefine(refuseMisspelling)
      .describe('Name of a package that exports loaderFactory.'),
    autoMigrate,
  })
  .describe('A target of your own.');

/** A name with `@`, `/` or `.` in it is that of a package or a file, however much it looks like a kind of target. */
function refuseMisspelling(type: string, context: z.core.$RefinementCtx): void {
  const meant = type === 'postgresql' ? 'postgres' : didYouMean(type, builtInTargetTypes);
  if (meant === undefined || /[@/.]/.test(type)) return;
  context.addIssue(`${JSON.stringify(type)} is not a kind of target; did you mean ${meant}?`);
}

/** The whole config. Every key is described, which is what editors show. */
export const configSchema = z.strictObject({
  $schema: z.string().optional().describe('JSON Schema of this file, for editors.'),
  source: source.optional().describe('Where scene lists come from; not needed by commands that fetch nothing.'),
  target: z
    .union([pgliteSection, postgresSection, bigquerySection, ownTarget])
    .describe('Where the dimension is kept.'),
  dimension: z
    .strictObject({
      firstSeen: z
        .enum(firstSeenModes)
        .default('beginning')
        .describe('Whether a scene that was there at the first look is dated from the beginning or from that look.'),
      timeZone: z
        .string()
        .refine(isTimeZone, {
          error: ({ input }) => `is not a time zone; did you mean ${likelyTimeZone(String(input))}?`,
        })
        .default(DEFAULT_TIME_ZONE)
        .describe(
          'Name with a /, UTC, or a place such as PRC, never an abbreviation; date columns of the views are days in it.',
        ),
    })
    .prefault({}),
  guards: z
    .strictObject({
      empty: z.enum(['hold', 'accept']).default('hold').describe('What becomes of an answer without any scene.'),
      minScenes: z.int().min(1).default(4).describe('Fewer scenes in force than this are too few to judge.'),
      maxShrink: z.number().min(0).max(1).default(0.5).describe('Largest share of scenes that may vanish at once.'),
    })
    .prefault({}),
});

/**
 * {@link configSchema} with one branch where it has several: the target that `target.type` names, a
 * list of accounts or a file of them. So whatever is wrong is told about the branch that was meant.
 */
export function configSchemaFor(values: unknown) {
  const type = valueAt(values, ['target', 'type']);
  const target = typeof type === 'string' && Object.hasOwn(builtInTargets, type) ? builtInTargets[type] : undefined;
  const accounts = isMap(valueAt(values, ['source', 'accounts'])) ? accountsFile : listedAccounts;
  return configSchema.extend({ source: source.extend({ accounts }).optional(), target: target ?? ownTarget });
}

type TargetSchema = typeof pgliteSection | typeof postgresSection | typeof bigquerySection;

export type ParsedConfig = z.output<typeof configSchema>;
export type SourceConfig = NonNullable<ParsedConfig['source']>;
