import { z } from 'zod';
import { ScenedimError } from '../../errors.ts';
import { parseSection } from '../parse-section.ts';

const label = /^[\p{Ll}\p{Lo}\p{Nd}_-]{0,63}$/u;
const labelKey = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{Nd}_-]{0,62}$/u;
const rule = '63 characters at most: lower case letters, digits, _ and -';

const section = z.strictObject({
  type: z.literal('bigquery'),
  autoMigrate: z.boolean().optional(),
  projectId: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.:-]*$/, 'must be the id of a project, not its name (gcloud projects list shows both)'),
  dataset: z
    .string()
    .regex(/^\w{1,1024}$/, 'may hold letters, digits and underscores')
    .default('scene'),
  location: z
    .string()
    .regex(/^[\w-]+$/, 'is not a location; write it like US or asia-east1')
    .optional(),
  apiEndpoint: z.url({ protocol: /^https?$/, error: 'is not a URL of the right kind' }).optional(),
  keyFile: z.string().min(1).optional(),
  impersonate: z
    .string()
    .regex(/^[^@\s]+@[^@\s]+$/, 'is not the email of a service account')
    .optional(),
  maximumBytesBilled: z.union([z.int().positive(), z.string().regex(/^[1-9]\d{0,18}$/)]).optional(),
  labels: z
    .record(
      z.string().regex(labelKey, `a label key has ${rule}, a letter first`),
      z.string().regex(label, `a label has ${rule}`),
    )
    .default({}),
  gzip: z.boolean().default(false),
});

/**
 * The `target` section of type `bigquery`. No credentials are in it: they come from `keyFile`, or else from Application
 * Default Credentials (`gcloud auth application-default login`, GOOGLE_APPLICATION_CREDENTIALS, workload identity, the
 * machine's own service account), and with `impersonate` they are exchanged for those of another service account.
 */
export interface BigQueryConfig {
  /** The project that holds the dataset and pays for the jobs. */
  readonly projectId: string;
  /** Default `scene`. */
  readonly dataset: string;
  /** Where the dataset is, or is made; default: where it is, else US. */
  readonly location: string | undefined;
  /** An emulator; then no credentials are used. */
  readonly apiEndpoint: string | undefined;
  /** A JSON key file of a service account, or of workload identity federation; relative to the config file. */
  readonly keyFile: string | undefined;
  /** Email of the service account to act as. */
  readonly impersonate: string | undefined;
  /** A query that would bill more is refused by BigQuery. Default: the project's own limit. */
  readonly maximumBytesBilled: string | undefined;
  /** On every job, beside `application: scenedim`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Whether loads are compressed; no emulator takes them. Default false. */
  readonly gzip: boolean;
}

/** Checks a `target` section of type `bigquery`. */
export function parseBigQueryConfig(value: unknown): BigQueryConfig {
  const { type: _, autoMigrate: __, ...config } = parseSection(section, value);
  if (config.apiEndpoint !== undefined && config.gzip) {
    throw new ScenedimError('config_invalid', 'target.gzip: no emulator takes compressed loads', {
      remedy: 'take out gzip, or apiEndpoint',
    });
  }
  if (config.apiEndpoint !== undefined && (config.keyFile !== undefined || config.impersonate !== undefined)) {
    throw new ScenedimError('config_invalid', 'target.apiEndpoint: an emulator takes no credentials', {
      remedy: 'take out keyFile and impersonate, or apiEndpoint',
    });
  }
  return {
    projectId: config.projectId,
    dataset: config.dataset,
    location: config.location,
    apiEndpoint: config.apiEndpoint?.replace(/\/+$/, ''),
    keyFile: config.keyFile,
    impersonate: config.impersonate,
    maximumBytesBilled: config.maximumBytesBilled?.toString(),
    labels: config.labels,
    gzip: config.gzip,
  };
}

/**
 * Refuses BIGQUERY_EMULATOR_HOST: the client sends queries there but loads to the real service, so half of a run would be
 * lost. With `apiEndpoint` the variable has no effect, because every request then names its whole URL.
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
