/** The sources as syntax trees, with the few questions that `remedy-texts.ts` asks about them. */
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parseAst } from 'vitest/node';

/** What a parsed file is made of, as far as it is read here. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

export interface Module {
  readonly file: string;
  readonly source: string;
  readonly nodes: readonly Node[];
  readonly calls: readonly Node[];
  readonly parents: ReadonlyMap<Node, Node>;
  /** By local name, the file that an import comes from. */
  readonly imports: ReadonlyMap<string, string>;
}

export function readModule(root: string, file: string): Module {
  const source = readFileSync(join(root, file), 'utf8');
  const nodes: Node[] = [];
  const parents = new Map<Node, Node>();
  const visit = (node: Node): void => {
    nodes.push(node);
    for (const child of childrenOf(node)) {
      parents.set(child, node);
      visit(child);
    }
  };
  visit(parseAst(source, { lang: 'ts' }) as unknown as Node);
  const imports = new Map<string, string>();
  for (const node of nodes.filter(({ type }) => type === 'ImportDeclaration')) {
    const from = normalize(join(dirname(file), String((node['source'] as Node)['value'])));
    for (const specifier of listOf(node, 'specifiers')) imports.set(nameOf(specifier['local']) ?? '', from);
  }
  const calls = nodes.filter(({ type }) => type === 'CallExpression' || type === 'NewExpression');
  return { file, source, nodes, calls, parents, imports };
}

function childrenOf(node: Node): readonly Node[] {
  return Object.values(node).flat().filter(isNode);
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** A member that is a list of nodes; empty when there is none. */
export function listOf(node: Node, member: string): readonly Node[] {
  return [node[member]].flat().filter(isNode);
}

export function nameOf(node: unknown): string | undefined {
  return isNode(node) && typeof node['name'] === 'string' ? node['name'] : undefined;
}

export function ancestorsOf(node: Node, { parents }: Module): readonly Node[] {
  const parent = parents.get(node);
  return parent === undefined ? [] : [parent, ...ancestorsOf(parent, { parents } as Module)];
}

/** What a function gives back, wherever in it. */
export function returnsOf(made: Node): readonly Node[] {
  const body = made['body'] as Node;
  if (body.type !== 'BlockStatement') return [body];
  const inside = (node: Node): readonly Node[] =>
    node.type === 'ReturnStatement'
      ? listOf(node, 'argument')
      : childrenOf(node)
          .filter(({ type }) => !type.includes('Function'))
          .flatMap(inside);
  return inside(body);
}

export function declarationsOf(scope: Node): readonly Node[] {
  return ['body', 'left', 'init']
    .flatMap((member) => listOf(scope, member))
    .flatMap((statement) =>
      statement.type === 'ExportNamedDeclaration' ? listOf(statement, 'declaration') : statement,
    )
    .filter(({ type }) => type === 'VariableDeclaration')
    .flatMap((statement) => listOf(statement, 'declarations'));
}

/** The part of a parameter or declaration that binds `name`, and the key that it is taken from; null when none does. */
export function bindingOf(pattern: Node, name: string): { readonly at: Node; readonly key?: string } | null {
  if (pattern.type === 'AssignmentPattern') {
    return bindingOf(pattern['left'] as Node, name) === null ? null : { at: pattern };
  }
  if (pattern.type === 'ObjectPattern') {
    for (const property of listOf(pattern, 'properties')) {
      const found = bindingOf((property['value'] ?? property['argument']) as Node, name);
      if (found !== null) return { key: nameOf(property['key']) ?? '', ...found };
    }
    return null;
  }
  if (pattern.type === 'ArrayPattern') {
    const at = listOf(pattern, 'elements').find((element) => bindingOf(element, name) !== null);
    return at === undefined ? null : { at };
  }
  return nameOf(pattern) === name ? { at: pattern } : null;
}

/** A string as it is written, with `…` for what is put in at run time. */
export function textOf(node: Node): string {
  if (node.type === 'Literal') return String(node['value']);
  if (node.type === 'BinaryExpression') return textOf(node['left'] as Node) + textOf(node['right'] as Node);
  if (node.type !== 'TemplateLiteral') return '…';
  return listOf(node, 'quasis')
    .map(({ value }) => (value as { readonly cooked: string }).cooked)
    .join('…')
    .replace(/\s+/g, ' ');
}
