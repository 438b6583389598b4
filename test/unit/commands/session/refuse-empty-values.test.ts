import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { commandList } from '../../../../src/commands/command-list.ts';
import { assertOperands, refuseEmptyValues } from '../../../../src/commands/session/refuse-empty-values.ts';

async function defined(name: string): Promise<Command> {
  const entry = commandList.find((it) => it.name === name);
  const command = new Command(name).exitOverride();
  (await entry?.load())?.define(
    command,
    () =>
      async (...given) =>
        assertOperands(given.at(-1) as Command),
    commandList,
  );
  refuseEmptyValues(command);
  return command;
}

describe.each(commandList.map(({ name }) => name))('an empty value in a call of %s', (name) => {
  it('is refused by the name of the option or argument', async () => {
    const { options, registeredArguments } = await defined(name);
    for (const option of options.filter(({ required, optional }) => required || optional)) {
      for (const argv of [[`${option.long}=`], [`${option.long}`, ' ']]) {
        const command = await defined(name);
        await expect(command.parseAsync(argv, { from: 'user' })).rejects.toMatchObject({
          code: 'usage',
          message: `${option.long} is empty`,
        });
      }
    }
    for (const argument of registeredArguments) {
      const command = await defined(name);
      const required = options.filter(({ mandatory }) => mandatory).flatMap(({ long }) => [long ?? '', 'x']);
      await expect(command.parseAsync([...required, ''], { from: 'user' })).rejects.toMatchObject({
        code: 'usage',
        message: `<${argument.name()}> is empty`,
      });
    }
  });
});
