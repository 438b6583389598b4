import type { Command } from 'commander';
import * as z from 'zod';
import type { Loader, MigrateResult, TargetMeta } from '../load/loader.ts';
import { count, type Document } from '../output-fields.ts';
import { type Migration, migrateOptionsFor, migrateTarget } from '../pipeline/run/prepare-target.ts';
import { printable } from '../report/printable.ts';
import { askConsent, assertConfirmFits, type ConsentRequest } from './session/consent.ts';
import type { RunAction } from './session/run-action.ts';
import type { Session } from './session/session.ts';
import { addLockTimeout, type LockFlags } from './target/lock-timeout-option.ts';
import { targetConsent } from './target/target-consent.ts';
import { withTarget } from './target/with-target.ts';

export const description =
  'Creates or upgrades schema, views, comments and grants of the target, and brings in the access sources and launch scenes of the config. Running it again is harmless.';

export const examples = [
  ['migrate', 'create or upgrade'],
  ['migrate --print-sql > scenedim.sql', 'let somebody else run it, again and again'],
] as const;

interface MigrateFlags extends LockFlags {
  readonly printSql?: true;
  readonly confirm?: string;
}

export function define(command: Command, run: RunAction): void {
  addLockTimeout(command)
    .option('--print-sql', 'print the SQL for a DBA instead; nothing is changed')
    .option('--confirm <schema>', 'the schema or dataset of the target, for a migration that drops something')
    .action(
      run<MigrateFlags>(async (session, flags) => {
        const { out } = session;
        const config = await session.loadConfig();
        const target = { label: 'migrate', lockTimeoutMs: flags.lockTimeout, mayMake: flags.printSql !== true };
        return withTarget(session, config, target, async (context) => {
          if (flags.printSql === true) {
            const sql = context.loader.migrationSql(migrateOptionsFor(context));
            await (flags.json === true ? out.printJson({ sql }) : out.print(sql.endsWith('\n') ? sql : `${sql}\n`));
            return 0;
          }
          const consent = targetConsent(config.target, { command: 'migrate', given: flags.confirm });
          assertConfirmFits(consent);
          const meta = await context.loader.readMeta(session.signal);
          if (meta !== null && !(await mayMigrate(session, consent, context.loader, meta))) {
            const { schemaVersion: version } = meta;
            const document = { fromVersion: version, toVersion: version, applied: [] };
            await (flags.json === true ? out.printJson(toDocument(document)) : out.print('nothing was done\n'));
            return 0;
          }
          const migration = await migrateTarget(context);
          if (flags.json === true) await out.printJson(toDocument(migration));
          else if (flags.quiet !== true) {
            await out.print(describeMigration(context.loader.description, migration, context.dimension.timeZone));
          }
          return 0;
        });
      }),
    );
}

/** Asks before anything is dropped for good. */
async function mayMigrate(
  session: Session,
  consent: ConsentRequest,
  loader: Loader,
  { schemaVersion }: TargetMeta,
): Promise<boolean> {
  const losses = loader.migrationLosses?.(schemaVersion) ?? [];
  return losses.length === 0 || askConsent(session, consent, `drop ${losses.join(' and ')} for good`);
}

const migrationDocument = z.strictObject({
  from_version: count.nullable(),
  to_version: count,
  applied: z.array(z.string()),
});

/** What `migrate --json` prints. */
export const migrateDocumentSchema = z.union([
  migrationDocument,
  z.strictObject({ sql: z.string() }).describe('With --print-sql.'),
]);

function toDocument({ fromVersion, toVersion, applied }: MigrateResult): Document<typeof migrationDocument> {
  return { from_version: fromVersion, to_version: toVersion, applied };
}

function describeMigration(target: string, migration: Migration, timeZone: string): string {
  const { fromVersion, toVersion, applied, granted = [], timeZoneBefore, isCatalogChanged } = migration;
  const details = [
    ...applied,
    ...(granted.length === 0 ? [] : [printable(`rights given to ${granted.join(', ')}`)]),
    ...(isCatalogChanged ? ['access sources and launch scenes are those of the config now'] : []),
    ...(timeZoneBefore === null ? [] : [`date columns are days in ${timeZone} now, not in ${timeZoneBefore}`]),
  ];
  const lines = details.map((detail) => `  ${detail}\n`);
  const asItWas = details.length === 0 ? 'is up to date' : 'changed';
  const was = fromVersion === toVersion ? asItWas : fromVersion === null ? 'created' : `upgraded from ${fromVersion}`;
  return `${target}: ${was}, schema version ${toVersion}\n${lines.join('')}`;
}
