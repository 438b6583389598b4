import type { BigQueryFailure } from './bigquery-failure.ts';

/** Names that messages and remedies need. */
export interface FailureNames {
  readonly projectId: string;
  readonly dataset: string;
  /** The principal that rights are granted to, as in `serviceAccount:EMAIL`; left out or null when it is not known. */
  readonly member?: string | null;
  /** Where requests go, when they do not go to Google. */
  readonly apiEndpoint?: string | undefined;
}

/** What BigQuery says, under several reasons, of a project where it is switched off. */
const disabled = /has not been used in project|API .*is disabled|has not enabled BigQuery/;

/** Whether the project does not use BigQuery at all. */
export function isServiceDisabled({ reason, message }: BigQueryFailure): boolean {
  return reason === 'accessNotConfigured' || reason === 'SERVICE_DISABLED' || disabled.test(message);
}

/** The command after which a denied request succeeds: it enables the service, or gives a right on the project or the dataset. */
export function grantFor(failure: BigQueryFailure, names: FailureNames): string {
  const { message } = failure;
  if (isServiceDisabled(failure)) return `gcloud services enable bigquery.googleapis.com --project=${names.projectId}`;
  if (/serviceusage\.services\.use|roles\/serviceusage/.test(message)) {
    return grantOnProject(names, 'roles/serviceusage.serviceUsageConsumer');
  }
  if (/jobs\.create|bigquery\.jobs|jobUser/.test(message)) return grantJobUser(names);
  if (message.includes('bigquery.datasets.create')) return grantOnProject(names, 'roles/bigquery.user');
  if (/bigquery\.(?:tables|routines|datasets)\./.test(message)) return grantDataEditor(names);
  return `${grantDataEditor(names)}, or for jobs ${grantJobUser(names)}`;
}

/** The command that lets a principal run jobs in a project. */
export function grantJobUser(names: FailureNames): string {
  return grantOnProject(names, 'roles/bigquery.jobUser');
}

/** The statement that lets a principal read, write, make and drop the tables of a dataset. */
export function grantDataEditor({ projectId, dataset, member }: FailureNames): string {
  return `GRANT \`roles/bigquery.dataEditor\` ON SCHEMA \`${projectId}.${dataset}\` TO '${memberOr(member)}'`;
}

/** The command that gives a role on a project. */
export function grantOnProject({ projectId, member }: FailureNames, role: string): string {
  return `gcloud projects add-iam-policy-binding ${projectId} --member=${memberOr(member)} --role=${role}`;
}

function memberOr(member: string | null | undefined): string {
  return member ?? 'serviceAccount:EMAIL';
}
