import type { Command } from 'commander';
import { configJsonSchema } from '../config/config-json-schema.ts';
import { didYouMean } from '../did-you-mean.ts';
import { ScenedimError } from '../errors.ts';
import { outputJsonSchema, outputNames } from './output-schemas.ts';
import type { RunAction } from './session/run-action.ts';
import type { CommonOptions } from './session/session.ts';

export const description = 'Prints the JSON Schema of the config, or of a document that --json prints.';

export const examples = [
  ['schema config > scenedim.schema.json', 'for the completion of an editor'],
  ['schema run-report', 'what sync, replay, plan and rebuild print with --json'],
] as const;

export function define(command: Command, run: RunAction): void {
  const names = ['config', ...outputNames];
  command.argument('[name]', `one of ${names.join(', ')}`, 'config').action(
    run<CommonOptions>(async ({ out }, _flags, [name = 'config']) => {
      const schema = name === 'config' ? configJsonSchema() : outputJsonSchema(name);
      if (schema === undefined) {
        const meant = didYouMean(name, names);
        throw new ScenedimError('usage', `there is no schema "${name}"`, {
          remedy: meant === undefined ? `use one of ${names.join(', ')}` : `did you mean ${meant}?`,
        });
      }
      await out.print(`${JSON.stringify(schema, null, 2)}\n`);
      return 0;
    }),
  );
}
