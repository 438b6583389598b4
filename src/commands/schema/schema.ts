import { type Command, Option } from 'commander';
import { configJsonSchema } from '../../config/config-json-schema.ts';
import { hasConfig } from '../../config/load-config.ts';
import { didYouMean } from '../../did-you-mean.ts';
import { ScenedimError } from '../../errors.ts';
import { outputJsonSchema, outputNames } from '../output-schemas.ts';
import type { RunAction } from '../session/run-action.ts';
import type { CommonOptions, Session } from '../session/session.ts';
import { placeholderServer, targetServer } from '../target/target-server.ts';
import { odcsDocument } from './odcs-document.ts';

export const description =
  'Prints the JSON Schema of the config, or of a document that --json prints; or the data contract of what readers may query.';

export const examples = [
  ['schema config > scenedim.schema.json', 'for the completion of an editor'],
  ['schema run-report', 'what sync, replay, plan and rebuild print with --json'],
  ['schema --format odcs > scene.odcs.yaml', 'tables, views, keys and quality rules, for a catalogue'],
] as const;

const formats = ['json-schema', 'odcs'] as const;
type Format = (typeof formats)[number];

interface SchemaFlags extends CommonOptions {
  readonly format: Format;
}

export function define(command: Command, run: RunAction): void {
  const names = ['config', ...outputNames];
  command
    .argument('[name]', `one of ${names.join(', ')}; default: config`)
    .addOption(
      new Option('--format <format>', 'json-schema, or odcs: the Open Data Contract Standard 3.1')
        .default('json-schema')
        .argParser(parseFormat),
    )
    .action(
      run<SchemaFlags>(async (session, { format, json }, [name]) => {
        if (format === 'json-schema') {
          await session.out.print(`${JSON.stringify(namedSchema(name ?? 'config', names), null, 2)}\n`);
          return 0;
        }
        if (name !== undefined) {
          throw new ScenedimError('usage', `--format odcs is one document, and has no part "${name}"`, {
            remedy: 'leave out the name, or leave out --format',
          });
        }
        const contract = await dataContract(session);
        if (json === true) await session.out.printJson(contract);
        else
          await session.out.print(
            (await import('yaml')).stringify(contract, {
              lineWidth: 100,
              blockQuote: 'literal',
              aliasDuplicateObjects: false,
            }),
          );
        return 0;
      }),
    );
}

function parseFormat(text: string): Format {
  const format = formats.find((known) => known === text);
  if (format !== undefined) return format;
  throw new ScenedimError('usage', `--format: "${text}" is not known`, { remedy: `use ${formats.join(' or ')}` });
}

function namedSchema(name: string, names: readonly string[]): object {
  const schema = name === 'config' ? configJsonSchema() : outputJsonSchema(name);
  if (schema !== undefined) return schema;
  const meant = name === 'odcs' ? '--format odcs' : didYouMean(name, names);
  throw new ScenedimError('usage', `there is no schema "${name}"`, {
    remedy: meant === undefined ? `use one of ${names.join(', ')}` : `did you mean ${meant}?`,
  });
}

/** The contract of the target that the config names; without a config, of a PostgreSQL server that stands for one. */
async function dataContract(session: Session): Promise<object> {
  const { options, environment, workingDirectory, programVersion } = session;
  const isThere = hasConfig({ file: options.config, environment, workingDirectory });
  const server = isThere ? await targetServer(await session.loadConfig(), environment) : placeholderServer;
  return odcsDocument(server, programVersion);
}
