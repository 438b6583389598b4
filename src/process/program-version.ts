import { readFileSync } from 'node:fs';
import { projectRoot } from './project-root.ts';

/** The version in package.json. */
export function readProgramVersion(): string {
  const text = readFileSync(new URL('package.json', projectRoot()), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
