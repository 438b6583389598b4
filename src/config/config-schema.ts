import { z } from 'zod';
import { firstSeenModes } from '../dimension/version.ts';
import { isTimeZone } from './time-zone.ts';

/** The kinds of target that scenedim brings along; any other `target.type` is the name of a package. */
export const builtInTargets = ['pglite', 'postgres', 'bigquery'] as const;

const httpUrl = z.url({ protocol: /^https?$/, error: 'is not a URL that starts with http:// or https://' });

const secret = z
  .strictObject({
    env: z.string().min(1).optional().describe('Name of the environment variable that holds the secret.'),
    file: z.string().min(1).optional().describe('File that holds the secret; relative to the config file.'),
  })
  .refine((value) => (value.env === undefined) !== (value.file === undefined), 'needs exactly one of env and file')
  .meta({ minProperties: 1, maxProperties: 1 });

const account = z
  .strictObject({
    appId: z
      .string()
      .min(1)
      .max(128)
      .regex(/^\P{Cc}+$/u, 'must not hold control characters')
      .refine((appId) => appId !== '*', '"*" is reserved')
      .describe('App id of the mini program, as in wx0123456789abcdef.'),
    accessToken: secret.optional().describe('A token that someone else maintains.'),
    appSecret: secret.optional().describe('Secret of the account; scenedim calls stable_token with it.'),
  })
  .refine(
    (value) => (value.accessToken === undefined) !== (value.appSecret === undefined),
    'needs exactly one of accessToken and appSecret',
  );

const source = z.strictObject({
  baseUrl: httpUrl.default('https://api.weixin.qq.com').describe('Where the WeChat API answers.'),
  fallbackBaseUrls: z
    .array(httpUrl)
    .optional()
    .describe(
      'Hosts to try when baseUrl cannot be reached (connect, DNS, 5xx); default https://api2.weixin.qq.com for the default baseUrl, else none.',
    ),
  concurrency: z.int().min(1).max(1000).default(8).describe('Requests at the same time, 1 to 1000.'),
  ratePerSecond: z.number().positive().max(10_000).default(50).describe('Requests started in a second, at most.'),
  timeoutMs: z.int().min(100).max(600_000).default(12_000).describe('Longest time for one request, in milliseconds.'),
  totalTimeoutMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(180_000)
    .describe('Longest time for one account, repetitions and waits included, in milliseconds.'),
  accounts: z
    .union([
      z.array(account).min(1),
      z.strictObject({
        file: z
          .string()
          .min(1)
          .describe(
            'CSV file with a header; columns app_id and one of secret_env, secret_file, token_env, token_file.',
          ),
      }),
    ])
    .describe('The accounts whose scene lists are fetched.'),
});

const autoMigrate = z.boolean().default(true).describe('sync and replay create and upgrade the schema on their own.');
const schemaName = z.string().min(1).default('scene').describe('Schema that holds the tables.');

const pglite = z.strictObject({
  type: z.literal('pglite').describe('A Postgres inside this process, in a directory.'),
  path: z.string().min(1).default('./data/scene').describe('Directory of the database; relative to the config file.'),
  schema: schemaName,
  autoMigrate,
});

const postgres = z.strictObject({
  type: z.literal('postgres').describe('A PostgreSQL server.'),
  url: z
    .string()
    .regex(/^(?:postgres(?:ql)?:\/\/|socket:|\/)/, 'must start with postgres:// or postgresql://')
    .optional()
    .describe(
      'postgres://user@host:5432/database?sslmode=verify-full; what it leaves out comes from PGHOST, PGPASSWORD, … and ~/.pgpass.',
    ),
  schema: schemaName,
  readers: z.array(z.string().min(1)).default([]).describe('Roles that may read views and dimension.'),
  applicationName: z.string().min(1).optional().describe('What pg_stat_activity shows; default scenedim.'),
  autoMigrate,
});

const label = z
  .string()
  .regex(/^[\p{Ll}\p{Lo}\p{Nd}_-]{0,63}$/u, 'may hold lower case letters, digits, _ and -; 63 at most');

const bigquery = z.strictObject({
  type: z.literal('bigquery').describe('A BigQuery dataset.'),
  projectId: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.:-]*$/, 'must be the id of a project, not its name (gcloud projects list shows both)')
    .describe('The project that holds the dataset and pays for the jobs.'),
  dataset: z
    .string()
    .regex(/^\w+$/, 'may hold letters, digits and underscores')
    .default('scene')
    .describe('Dataset that holds the tables.'),
  location: z.string().min(1).optional().describe('Where the dataset is, or is made; default: where it is, else US.'),
  apiEndpoint: httpUrl.optional().describe('For emulators only.'),
  keyFile: z
    .string()
    .min(1)
    .optional()
    .describe('JSON key of a service account, relative to the config file; default: Application Default Credentials.'),
  impersonate: z.string().min(3).optional().describe('Email of a service account to act as.'),
  maximumBytesBilled: z
    .union([z.int().positive(), z.string().regex(/^[1-9]\d*$/, 'is not a number of bytes')])
    .optional()
    .describe('A query that would bill more bytes is refused.'),
  labels: z.record(label, label).optional().describe('Labels of every job and table.'),
  gzip: z.boolean().default(false).describe('Whether loads are compressed; emulators take none.'),
  autoMigrate,
});

const ownTarget = z
  .looseObject({
    type: z
      .string()
      // Aborts: else zod takes this kind for the one that was meant as soon as the value of another has a wrong type.
      .regex(/^(?!(?:pglite|postgres|bigquery)$)[@\w./-]+$/, {
        error: 'is neither a kind of target nor the name of a package',
        abort: true,
      })
      .describe('Name of a package that exports loaderFactory.'),
    autoMigrate,
  })
  .describe('A target of your own.');

/** The whole config as DESIGN section 4 has it; every key is described, which is what editors show. */
export const configSchema = z.strictObject({
  $schema: z.string().optional().describe('JSON Schema of this file, for editors.'),
  source: source.optional().describe('Where scene lists come from; not needed by commands that fetch nothing.'),
  target: z.union([pglite, postgres, bigquery, ownTarget]).describe('Where the dimension is kept.'),
  dimension: z
    .strictObject({
      firstSeen: z
        .enum(firstSeenModes)
        .default('beginning')
        .describe('Whether a scene that was there at the first look is dated from the beginning or from that look.'),
      timeZone: z
        .string()
        .refine(isTimeZone, 'is not a time zone; write an IANA name like Asia/Shanghai')
        .default('Asia/Shanghai')
        .describe('IANA name; date columns of the views are days in it.'),
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

export type ParsedConfig = z.output<typeof configSchema>;
export type SourceConfig = NonNullable<ParsedConfig['source']>;
