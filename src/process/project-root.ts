import { existsSync } from 'node:fs';

let root: URL | undefined;

/**
 * The folder of scenedim's package.json: `sql/` and the program's version are found from there,
 * whether the code runs from `src` or from a bundle of any depth.
 */
export function projectRoot(): URL {
  root ??= folderAbove(new URL('.', import.meta.url));
  return root;
}

function folderAbove(folder: URL): URL {
  if (existsSync(new URL('package.json', folder))) return folder;
  const parent = new URL('..', folder);
  if (parent.href === folder.href) throw new Error('no package.json above the code of scenedim');
  return folderAbove(parent);
}
