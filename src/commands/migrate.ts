import type { Command } from 'commander';
import { migrateOptionsFor, migrateTarget } from '../pipeline/prepare-target.ts';
import { printable } from '../report/printable.ts';
import { examples } from './examples.ts';
import type { RunAction } from './run-action.ts';
import type { CommonOptions } from './session.ts';
import { addLockTimeout } from './sync-options.ts';
import { withTarget } from './with-target.ts';

interface MigrateFlags extends CommonOptions {
  readonly printSql?: true;
  readonly lockTimeout?: number;
}

export function defineMigrate(command: Command, run: RunAction): void {
  addLockTimeout(command)
    .description('Creates or upgrades schema, views, comments and grants of the target. Running it again is harmless.')
    .option('--print-sql', 'print the SQL for a DBA instead; nothing is changed')
    .addHelpText(
      'after',
      examples([
        ['migrate', 'create or upgrade'],
        ['migrate --print-sql > scenedim.sql', 'let somebody else run it, again and again'],
      ]),
    )
    .action(
      run<MigrateFlags>(async (session, flags) => {
        const { out } = session;
        const config = await session.loadConfig();
        const target = { label: 'migrate', lockTimeoutMs: flags.lockTimeout };
        return withTarget(session, config, target, async (context) => {
          if (flags.printSql === true) {
            const sql = context.loader.migrationSql(migrateOptionsFor(context.dimension));
            await (flags.json === true ? out.printJson({ sql }) : out.print(sql.endsWith('\n') ? sql : `${sql}\n`));
            return 0;
          }
          const { fromVersion, toVersion, applied, granted = [] } = await migrateTarget(context);
          if (flags.json === true) {
            await out.printJson({ from_version: fromVersion, to_version: toVersion, applied });
          } else if (flags.quiet !== true) {
            const ran = applied.map((name) => `  ${name}\n`).join('');
            const readers =
              granted.length === 0 ? '' : printable(`  rights given to ${granted.join(', ')}`).concat('\n');
            const was = whatHappened(fromVersion, toVersion, granted.length > 0);
            await out.print(`${context.loader.description}: ${was}, schema version ${toVersion}\n${ran}${readers}`);
          }
          return 0;
        });
      }),
    );
}

function whatHappened(fromVersion: number | null, toVersion: number, hasGranted: boolean): string {
  if (fromVersion === null) return 'created';
  if (fromVersion !== toVersion) return `upgraded from ${fromVersion}`;
  return hasGranted ? 'readers granted' : 'is up to date';
}
