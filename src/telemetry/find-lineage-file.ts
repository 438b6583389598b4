import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * The config file of OpenLineage: the first that there is of those that its Python client looks for. It decides whether
 * `lineage/` is loaded, so it stands outside of that folder.
 */
export function findLineageFile(
  environment: Readonly<Record<string, string | undefined>>,
  workingDirectory: string,
): string | undefined {
  const { OPENLINEAGE_CONFIG: named, HOME: home } = environment;
  const files = [
    ...(named ? [resolve(workingDirectory, named)] : []),
    join(workingDirectory, 'openlineage.yml'),
    ...(home ? [join(home, '.openlineage/openlineage.yml')] : []),
  ];
  return files.find(isFile);
}

/** False also where it may not be looked: in the home of another user, which a container may have as its own. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
