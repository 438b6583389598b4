/** Where the tables are. */
export interface DatasetName {
  readonly projectId: string;
  readonly dataset: string;
}

/** The whole path of a table in one pair of backticks, the only spelling that every engine reads alike. */
export function tablePath({ projectId, dataset }: DatasetName, table: string): string {
  return `\`${projectId}.${dataset}.${table}\``;
}
