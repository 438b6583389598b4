import { homedir } from 'node:os';

/**
 * The home of whom the process runs as. Undefined where nothing tells it: a container may run as a number that no user has, and
 * without HOME.
 */
export function homeFolder(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  if (environment['HOME']) return environment['HOME'];
  try {
    return homedir();
  } catch {
    return undefined;
  }
}
