import type { HostProcess } from './session.ts';

/** A common option as it was given, or else its variable: known before the arguments are parsed, for errors in these. */
export function commonSetting({ argv, env }: HostProcess, flag: `--${string}`, variable: string): string | undefined {
  const at = argv.findLastIndex((argument) => argument === flag || argument.startsWith(`${flag}=`));
  if (at === -1) return env[variable] === '' ? undefined : env[variable];
  const argument = argv[at] ?? '';
  return argument === flag ? argv[at + 1] : argument.slice(flag.length + 1);
}
