import type { Command } from 'commander';
import * as z from 'zod';
import { readLaunchScenes } from '../catalog/bundled-tables.ts';
import type { Loader } from '../load/loader.ts';
import type { Document } from '../output-fields.ts';
import { exportRowSchema, toExportRow } from '../pipeline/export-versions.ts';
import { requireSchema } from '../pipeline/run/prepare-target.ts';
import { renderHistory } from '../report/history-table.ts';
import { printable } from '../report/printable.ts';
import type { RunAction } from './session/run-action.ts';
import type { CommonOptions } from './session/session.ts';
import { addAppIds } from './work/sync-options.ts';
import { withTarget } from './work/with-target.ts';

export const description = 'Shows the versions of a scene: its names and when each was in force.';

export const examples = [
  ['history 4', 'every name that scene 4 ever had'],
  ['history 4 --app-id wx0123456789abcdef', 'in one account'],
] as const;

interface HistoryFlags extends CommonOptions {
  readonly appId?: readonly string[];
}

export function define(command: Command, run: RunAction): void {
  addAppIds(command, 'only this account (repeatable)')
    .argument('<key>', 'scene key, like 4 or @_all')
    .action(
      run<HistoryFlags>(async (session, flags, [key = '']) => {
        const { out, signal } = session;
        const config = await session.loadConfig();
        let unknown: readonly string[] = [];
        const versions = await withTarget(session, config, { label: 'history', readOnly: true }, async ({ loader }) => {
          await requireSchema(loader, signal);
          const appIds = flags.appId === undefined ? {} : { appIds: flags.appId };
          const found = await Array.fromAsync(loader.readVersions({ sceneKey: key, ...appIds }, signal));
          if (found.length === 0) unknown = await unknownAccounts(loader, flags.appId ?? [], signal);
          return found;
        });
        const document: HistoryDocument = { scene_key: key, versions: versions.map(toExportRow) };
        if (flags.json === true) await out.printJson(document);
        else
          await out.print(
            versions.length === 0
              ? nothing(key, unknown)
              : renderHistory(versions, { paint: out.paint, width: out.columns }),
          );
        return 0;
      }),
    );
}

/** What `history --json` prints. */
export const historyDocumentSchema = z.strictObject({ scene_key: z.string(), versions: z.array(exportRowSchema) });

type HistoryDocument = Document<typeof historyDocumentSchema>;

async function unknownAccounts(
  loader: Loader,
  appIds: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const left = new Set(appIds);
  if (left.size > 0) for await (const { appId } of loader.readHeads({ appIds }, signal)) left.delete(appId);
  return [...left];
}

/** A mistyped account must not look like an answer. People often ask for a launch scene, too, which is another numbering. */
function nothing(key: string, unknown: readonly string[]): string {
  if (unknown.length > 0) return `not known here: account ${unknown.map(printable).join(', ')}\n`;
  const launch = readLaunchScenes().find(({ launchScene }) => String(launchScene) === key);
  if (launch === undefined) return `no version of scene ${printable(key)}\n`;
  return `${key} is a launch scene, not a scene key: it is counted under access source ${launch.accessSourceKey}\n  scenedim history ${launch.accessSourceKey}\n`;
}
