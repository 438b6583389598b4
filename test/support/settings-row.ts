import { bundledCatalog } from '../../src/catalog/scene-catalog.ts';
import { newestSchemaVersion } from '../../src/load/bigquery/schema/migrations.ts';

/** What a fake of BigQuery answers when the settings of a migrated target are read: the one row, its cells in order. */
export function settingsRow({
  schemaVersion = newestSchemaVersion(),
  firstSeen = 'beginning',
  timeZone = 'Asia/Shanghai',
}: SettingsOfRow = {}): { readonly rows: readonly (readonly (string | null)[])[] } {
  return { rows: [[String(schemaVersion), '1', firstSeen, timeZone, bundledCatalog().hash, 'false']] };
}

interface SettingsOfRow {
  readonly schemaVersion?: number | string;
  /** Null as somebody may have written it by hand. */
  readonly firstSeen?: string | null;
  readonly timeZone?: string;
}
