import * as z from 'zod';
import { ScenedimError } from '../../errors.ts';
import { autoMigrate, httpUrl, parseSection } from '../parse-section.ts';

const characters = 'lower case letters, digits, _ and -';

/**
 * The `target` section of type `bigquery`. It holds no credentials. They come from `keyFile`, else from Application Default
 * Credentials (`gcloud auth application-default login`, GOOGLE_APPLICATION_CREDENTIALS, workload identity, the machine's own
 * service account). With `impersonate` they are exchanged for those of another service account.
 */
export const bigquerySection = z
  .strictObject({
    type: z.literal('bigquery').describe('A BigQuery dataset.'),
    projectId: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.:-]*$/, 'must be the id of a project, not its name (gcloud projects list shows both)')
      .describe('The project that holds the dataset and pays for the jobs.'),
    dataset: z
      .string()
      .regex(/^\w{1,1024}$/, 'may hold letters, digits and underscores')
      .default('scene')
      .describe('Dataset that holds the tables.'),
    location: z
      .string()
      .regex(/^[\w-]+$/, 'is not a location; write it like US or asia-east1')
      .optional()
      .describe('Where the dataset is, or is made; default: where it is, else US.'),
    apiEndpoint: httpUrl.optional().describe('For emulators only; then no credentials are used.'),
    keyFile: z
      .string()
      .min(1)
      .optional()
      .describe(
        'JSON key of a service account, or of workload identity federation, relative to the config file; default: Application Default Credentials.',
      ),
    impersonate: z
      .string()
      .regex(/^[^@\s]+@[^@\s]+$/, 'is not the email of a service account')
      .optional()
      .describe('Email of a service account to act as.'),
    maximumBytesBilled: z
      .union([z.int().positive(), z.string().regex(/^[1-9]\d{0,18}$/)], 'is not a number of bytes')
      .optional()
      .describe("A query that would bill more bytes is refused; default: the project's own limit."),
    labels: z
      .record(
        z
          .string()
          .regex(/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{Nd}_-]{0,62}$/u, `may hold ${characters}, a letter first, 63 in all`),
        z.string().regex(/^[\p{Ll}\p{Lo}\p{Nd}_-]{0,63}$/u, `a label has 63 characters at most: ${characters}`),
      )
      .optional()
      .describe('Labels of every job and table, beside application: scenedim.'),
    gzip: z.boolean().default(false).describe('Whether loads are compressed; emulators take none.'),
    autoMigrate,
  })
  .refine(({ apiEndpoint, gzip }) => apiEndpoint === undefined || !gzip, {
    path: ['gzip'],
    message: 'no emulator takes compressed loads',
    params: { remedy: 'take out gzip, or apiEndpoint' },
  })
  .refine(
    ({ apiEndpoint, keyFile, impersonate }) =>
      apiEndpoint === undefined || (keyFile === undefined && impersonate === undefined),
    {
      path: ['apiEndpoint'],
      message: 'an emulator takes no credentials',
      params: { remedy: 'take out keyFile and impersonate, or apiEndpoint' },
    },
  );

/** What a loader needs of a `target` section of type `bigquery`. */
export interface BigQueryConfig {
  readonly projectId: string;
  readonly dataset: string;
  readonly location?: string | undefined;
  /** Without a slash at its end. */
  readonly apiEndpoint?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly impersonate?: string | undefined;
  readonly maximumBytesBilled?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly gzip: boolean;
}

/** Checks a `target` section of type `bigquery`. */
export function parseBigQueryConfig(value: unknown): BigQueryConfig {
  const { apiEndpoint, maximumBytesBilled, labels = {}, ...config } = parseSection(bigquerySection, value);
  return {
    ...config,
    apiEndpoint: apiEndpoint?.replace(/\/+$/, ''),
    maximumBytesBilled: maximumBytesBilled?.toString(),
    labels,
  };
}

/**
 * Refuses BIGQUERY_EMULATOR_HOST: Google's client would send queries there, but loads to the real service. With `apiEndpoint` the
 * variable has no effect, because every request then has its whole URL.
 */
export function assertNoEmulatorVariable(
  config: BigQueryConfig,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const host = environment['BIGQUERY_EMULATOR_HOST'];
  if (host === undefined || host === '' || config.apiEndpoint !== undefined) return;
  throw new ScenedimError(
    'config_invalid',
    'BIGQUERY_EMULATOR_HOST is set: it redirects queries but not loads, so rows would go to the real service',
    { remedy: 'unset it; for an emulator set target.apiEndpoint instead' },
  );
}
