/** Who imports whom, read from the source text: the TypeScript compiler in use has no JavaScript API to ask. */
import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** One import statement, `export … from` or `import()`. */
export interface ImportEdge {
  /** Path from the project's root: `src/load/registry.ts`. */
  readonly from: string;
  /** Path from the project's root for a relative import, else the specifier: `src/errors.ts`, `pg`, `node:fs`. */
  readonly to: string;
  /** `type` is erased before anything runs; `dynamic` loads when it is reached. */
  readonly kind: 'static' | 'dynamic' | 'type';
}

const comments = /^\s*(?:\/\*[\s\S]*?\*\/|\/\/.*)\s*$/gm;
const statements = /^(?:import|export)\s+(type\s+)?(?:[\w*{][^'";]*?\sfrom\s+)?'([^']+)'/gm;
const calls = /(?<![\w.])import\(\s*'([^']+)'/g;

/** The imports of one file. A call of `import` with anything but a literal has no edge. */
export function importsOf(file: string, source: string): readonly ImportEdge[] {
  const code = source.replace(comments, '');
  const to = (specifier: string) =>
    specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : packageName(specifier);
  return [
    ...[...code.matchAll(statements)].map(([, type, specifier = '']) => ({
      from: file,
      to: to(specifier),
      kind: type ? ('type' as const) : ('static' as const),
    })),
    ...[...code.matchAll(calls)].map(([, specifier = '']) => ({
      from: file,
      to: to(specifier),
      kind: 'dynamic' as const,
    })),
  ];
}

/** Every source file below `src`, by its path from the project's root. */
export function sourceFiles(root: string): ReadonlyMap<string, string> {
  const files = globSync('src/**/*.ts', { cwd: root }).sort();
  return new Map(files.map((file) => [file, readFileSync(posix.join(root, file), 'utf8')]));
}

/** Everything that is loaded before the first line of `entry` runs. */
export function loadedBy(entry: string, edges: readonly ImportEdge[]): ReadonlySet<string> {
  const loaded = new Set([entry]);
  for (const module of loaded) {
    for (const edge of edges) if (edge.from === module && edge.kind === 'static') loaded.add(edge.to);
  }
  return loaded;
}

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
