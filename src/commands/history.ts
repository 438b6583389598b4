import type { Command } from 'commander';
import * as z from 'zod';
import type { LaunchScene } from '../catalog/bundled-tables.ts';
import type { Version } from '../dimension/version.ts';
import type { Loader } from '../load/loader.ts';
import type { Document } from '../output-fields.ts';
import { exportRowSchema, toExportRow } from '../pipeline/export-versions.ts';
import { requireSchema } from '../pipeline/run/require-target.ts';
import { renderHistory } from '../report/history-table.ts';
import { printable } from '../report/printable.ts';
import { decisionSchema, type NotedDecision, readNotedDecisions, renderDecisions } from './decision/noted-decisions.ts';
import { addAppIds } from './session/app-ids-option.ts';
import type { RunAction } from './session/run-action.ts';
import type { CommonOptions } from './session/session.ts';
import { describeUnknownAccounts } from './target/unknown-accounts.ts';
import { withTarget } from './target/with-target.ts';

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
        const found = await withTarget(session, config, { label: 'history' }, async ({ loader, catalog }) => {
          await requireSchema(loader, signal);
          const appIds = flags.appId === undefined ? {} : { appIds: flags.appId };
          const versions = await Array.fromAsync(loader.readVersions({ sceneKey: key, ...appIds }, signal));
          if (versions.length > 0) return { versions, decisions: await decisionsAbout(loader, versions, signal) };
          const unknown = await describeUnknownAccounts(loader, flags.appId ?? [], signal);
          return { versions, decisions: [], nothing: unknown === '' ? nothing(key, catalog.launchScenes) : unknown };
        });
        const { versions, decisions } = found;
        const document: HistoryDocument = { scene_key: key, versions: versions.map(toExportRow), decisions };
        if (flags.json === true) await out.printJson(document);
        else if (found.nothing !== undefined) await out.print(found.nothing);
        else {
          const table = renderHistory(versions, { paint: out.paint, width: out.columns });
          await out.print(`${table}${renderDecisions(decisions)}`);
        }
        return 0;
      }),
    );
}

/** What `history --json` prints. */
export const historyDocumentSchema = z.strictObject({
  scene_key: z.string(),
  versions: z.array(exportRowSchema),
  decisions: z
    .array(decisionSchema)
    .describe('Decisions with a note about answers of the accounts that have the scene.'),
});

type HistoryDocument = Document<typeof historyDocumentSchema>;

/** Of the accounts of these versions; of a hundred thousand, all are read at once. */
async function decisionsAbout(
  loader: Loader,
  versions: readonly Version[],
  signal: AbortSignal,
): Promise<readonly NotedDecision[]> {
  const appIds = new Set(versions.map(({ appId }) => appId));
  const few = appIds.size <= loader.limits.readAccounts ? [...appIds] : undefined;
  return (await readNotedDecisions(loader, few, signal)).filter(({ app_id: appId }) => appIds.has(appId));
}

/** People often ask for a launch scene, which is another numbering. */
function nothing(key: string, launchScenes: readonly LaunchScene[]): string {
  const launch = launchScenes.find(({ launchScene }) => String(launchScene) === key);
  if (launch === undefined) return `no version of scene ${printable(key)}\n`;
  return `${key} is a launch scene, not a scene key: it is counted under access source ${launch.accessSourceKey}\n  scenedim history ${launch.accessSourceKey}\n`;
}
