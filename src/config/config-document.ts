import {
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from 'yaml';
import { ScenedimError } from '../errors.ts';
import type { ConfigPath } from './config-path.ts';
import { type Environment, InterpolationError, interpolate } from './interpolate.ts';
import { keyOfLine, yamlFlaws } from './yaml-flaw.ts';

/** A config file as read: its values with `${…}` replaced, and where in the file each stands. */
export interface ConfigDocument {
  readonly values: unknown;
  /** Names of the variables that its `${…}` refer to. */
  readonly variables: ReadonlySet<string>;
  /** Paths (JSON) of values that came, wholly or in part, from a variable. */
  readonly fromVariables: ReadonlySet<string>;
  /** `FILE:LINE:COLUMN` of the value at `path`, of its key with `key`, or of the nearest parent that exists. */
  locate(path: ConfigPath, key?: string): string;
}

/**
 * Parses YAML text (JSON is YAML too). All syntax errors and all bad `${…}` of the file are told at
 * once, as `config_invalid` with file, line and column.
 */
export function parseConfigDocument(text: string, file: string, environment: Environment): ConfigDocument {
  const lines = new LineCounter();
  const document = parseYaml(text, file, lines);
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [second] = document.errors.filter(({ code }) => code === 'MULTIPLE_DOCS');
  if (second !== undefined) {
    const message = `${at(second.pos[0])}: a second YAML document begins here, and a config is one`;
    throw new ScenedimError('config_invalid', message, { remedy: 'take the line --- out, or keep one file for each' });
  }
  const syntax = yamlFlaws(document).map(({ offset, words }) => {
    const key = keyOfLine(text, lines.linePos(offset).line);
    return `${at(offset)}: ${key === undefined ? '' : `at \`${key}\`: `}${words}`;
  });
  refuse(syntax, 'correct the YAML; `scenedim init` writes a file to start from');

  const variables = new Set<string>();
  const fromVariables = new Set<string>();
  const bad: string[] = [];
  const remedies = new Set<string>();
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string') return;
      try {
        const replaced = interpolate(node.value, environment);
        for (const name of replaced.variables) variables.add(name);
        if (replaced.variables.length > 0) fromVariables.add(JSON.stringify(pathOf(node, ancestors)));
        node.value = replaced.text;
      } catch (error) {
        if (!(error instanceof InterpolationError)) throw error;
        bad.push(`${at(node.range?.[0] ?? 0)}: ${error.message}`);
        remedies.add(error.remedy);
      }
    },
  });
  refuse(bad, [...remedies].join('; '));

  return {
    values: plainValues(document, file),
    variables,
    fromVariables,
    locate: (path, key) => at(offsetOf(document, path, key)),
  };
}

function parseYaml(text: string, file: string, lineCounter: LineCounter): Document {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false });
  } catch (cause) {
    throw unusable(file, cause);
  }
}

/** An alias without its anchor, one that holds itself, or one that would fill the memory. */
function plainValues(document: Document, file: string): unknown {
  try {
    const values: unknown = document.toJS({ maxAliasCount: 100 });
    JSON.stringify(values);
    return values;
  } catch (cause) {
    throw unusable(file, cause);
  }
}

function unusable(file: string, cause: unknown): ScenedimError {
  const message = `${file}: the YAML is nested too deeply, or its aliases (*name) hold themselves, too much or nothing`;
  return new ScenedimError('config_invalid', message, { remedy: 'write the values out instead of aliases', cause });
}

function refuse(problems: readonly string[], remedy: string): void {
  if (problems.length > 0) throw new ScenedimError('config_invalid', problems.join('\n'), { remedy });
}

function pathOf(node: Node, ancestors: readonly (Document | Node | Pair)[]): ConfigPath {
  const path: (string | number)[] = [];
  const chain = [...ancestors, node];
  for (const [index, step] of chain.entries()) {
    const parent = chain[index - 1];
    if (isPair(step)) path.push(isScalar(step.key) ? String(step.key.value) : String(step.key));
    else if (parent !== undefined && 'items' in parent && !isMap(parent)) {
      path.push((parent.items as readonly unknown[]).indexOf(step));
    }
  }
  return path;
}

/** Missing values are shown at the key of the map that should hold them, which is where a reader would add them. */
function offsetOf(document: Document, path: ConfigPath, key?: string): number {
  if (key !== undefined) {
    const offset = keyOffset(document, path, key);
    if (offset !== undefined) return offset;
  }
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    const name = path[length - 1];
    if (length < path.length && typeof name === 'string') {
      const offset = keyOffset(document, path.slice(0, length - 1), name);
      if (offset !== undefined) return offset;
    }
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function keyOffset(document: Document, path: ConfigPath, key: string): number | undefined {
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  if (!isMap(map)) return undefined;
  const pair = map.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
  return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
}
