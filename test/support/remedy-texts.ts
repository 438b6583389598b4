/** Every text that the sources give as a remedy, found by following each remedy to the strings that it is made of. */
import { globSync } from 'node:fs';
import {
  ancestorsOf,
  bindingOf,
  declarationsOf,
  isNode,
  listOf,
  type Module,
  type Node,
  nameOf,
  readModule,
  returnsOf,
  textOf,
} from './syntax-tree.ts';

export interface RemedyText {
  readonly file: string;
  /** What is put in at run time is `…`. */
  readonly text: string;
}

/** The remedies of all of `src/`, each once a file, in the order of files and lines. Throws at one that it cannot follow. */
export function collectRemedies(): readonly RemedyText[] {
  const root = new URL('../..', import.meta.url).pathname;
  // The contract is a kit for tests.
  const files = globSync('src/**/*.ts', { cwd: root }).filter((file) => !file.startsWith('src/load/contract/'));
  const modules = files.sort().map((file) => readModule(root, file));
  const found = new Map<string, RemedyText & { readonly at: number }>();
  const add = (text: string, node: Node, { file }: Module): void => {
    if (/[a-z]{2}/i.test(text)) found.set(`${file}\n${text}`, { file, text, at: node.start });
  };
  const seen = new Set<Node>();
  const follow = ({ node, module, column }: Step): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (isText(node)) add(textOf(node), node, module);
    else for (const step of new StepFinder(modules, module, column).from(node)) follow(step);
  };
  for (const module of modules) {
    for (const node of module.nodes) {
      for (const text of printedBy(node)) add(text, node, module);
      for (const value of rootsOf(node)) follow({ node: value, module, column: null });
    }
  }
  return [...found.values()]
    .sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.at - b.at))
    .map(({ file, text }) => ({ file, text }));
}

/** An expression that is a remedy, or a table of which one column is. */
interface Step {
  readonly node: Node;
  readonly module: Module;
  readonly column: number | null;
}

/** What becomes a remedy where a property, a constant, a parameter or a set has that name. */
function rootsOf(node: Node): readonly Node[] {
  if (isNode(node['body'])) {
    const parameters = listOf(node, 'params').map((parameter) => (parameter['left'] ?? parameter) as Node);
    return parameters.filter((parameter) => nameOf(parameter) === 'remedy');
  }
  if (node.type === 'CallExpression') {
    const { object, property } = node['callee'] as Node;
    return nameOf(object) === 'remedies' && nameOf(property) === 'add' ? listOf(node, 'arguments') : [];
  }
  const [name, value] =
    node.type === 'Property' ? ['key', 'value'] : node.type === 'VariableDeclarator' ? ['id', 'init'] : ['', ''];
  const isRemedy = /^(remedy|remedies|.*_REMEDY|REMEDY_.*|.*Remedy)$/.test(nameOf(node[name]) ?? '');
  return isRemedy ? listOf(node, value) : [];
}

/** What is printed without an error, and what the script for a DBA raises. */
function printedBy(node: Node): readonly string[] {
  const whole = node.type === 'Literal' || node.type === 'TemplateLiteral' ? textOf(node) : '';
  return [...whole.matchAll(/(?:^remedy: |HINT = [^';]*')([^'\n]+)/g)].map(([, text = '']) => text);
}

function isText(node: Node): boolean {
  if (node.type === 'Literal') return typeof node['value'] === 'string';
  return node.type === 'TemplateLiteral' || node.type === 'BinaryExpression';
}

/** A remedy that something has already is found where that is made. */
function isPassedOn(name: unknown): boolean {
  return name === 'remedy' || name === 'remedies';
}

/** By the type of an expression, the members that it may give. */
const members: Readonly<Record<string, readonly string[]>> = {
  Literal: [],
  ConditionalExpression: ['consequent', 'alternate'],
  TSAsExpression: ['expression'],
  TSSatisfiesExpression: ['expression'],
  ParenthesizedExpression: ['expression'],
  AwaitExpression: ['argument'],
  ChainExpression: ['expression'],
  ObjectExpression: ['properties'],
  Property: ['value'],
  AssignmentPattern: ['right'],
  SpreadElement: ['argument'],
};

/** Where to go on from an expression of a module. */
class StepFinder {
  readonly #modules: readonly Module[];
  readonly #module: Module;
  readonly #column: number | null;

  constructor(modules: readonly Module[], module: Module, column: number | null) {
    this.#modules = modules;
    this.#module = module;
    this.#column = column;
  }

  from(node: Node): readonly Step[] {
    const own = members[node.type];
    if (own !== undefined) return own.flatMap((member) => this.#steps(listOf(node, member)));
    switch (node.type) {
      case 'LogicalExpression':
        return this.#steps([...(node['operator'] === '&&' ? [] : listOf(node, 'left')), ...listOf(node, 'right')]);
      case 'ArrayExpression':
        return this.#items(listOf(node, 'elements'));
      case 'MemberExpression':
        return this.#member(node);
      case 'CallExpression':
        return this.#call(node);
      case 'Identifier':
        return this.#name(node);
      case 'NewExpression':
        // What is put into a set is a root of its own.
        if (nameOf(node['callee']) === 'Set') return [];
    }
    return this.#refuse(node);
  }

  #steps(nodes: readonly Node[], module = this.#module): readonly Step[] {
    return nodes.map((node) => ({ node, module, column: this.#column }));
  }

  #items(elements: readonly Node[]): readonly Step[] {
    const column = this.#column;
    if (column === null) return this.#steps(elements);
    const cells = elements.flatMap((row) => listOf(row, 'elements')[column] ?? []);
    return cells.map((node) => ({ node, module: this.#module, column: null }));
  }

  /** Of a table, every row counts. */
  #member(node: Node): readonly Step[] {
    const property = node['property'] as Node;
    return isPassedOn(nameOf(property) ?? property['value']) ? [] : this.#steps(listOf(node, 'object'));
  }

  #call(node: Node): readonly Step[] {
    const callee = node['callee'] as Node;
    const given = listOf(node, 'arguments');
    const method = nameOf(callee['property']) ?? nameOf(callee);
    if (isSchema(callee)) return [];
    if (method === 'printable' || method === 'redact') return this.#steps(given);
    if (callee.type === 'MemberExpression') {
      if (method === 'map') return this.#steps(given.flatMap(returnsOf));
      return method === 'join' || method === 'replace' ? this.#steps(listOf(callee, 'object')) : this.#refuse(node);
    }
    // `grant(names)`, where `grant` is a member of something: `{ grant: (names) => … }`.
    const own = this.#module.nodes.filter(({ type, key }) => type === 'Property' && nameOf(key) === method);
    const made = [...this.#functions(callee), ...own.flatMap((property) => this.#functions(property['value'] as Node))];
    const isParameter = ancestorsOf(callee, this.#module).some((scope) => parameterOf(scope, method ?? '') !== null);
    if (made.length === 0 && !isParameter) return this.#refuse(node);
    const callbacks = given.filter(({ type }) => type === 'ArrowFunctionExpression');
    return [...made, ...this.#steps(callbacks)].flatMap((step) => this.#steps(returnsOf(step.node), step.module));
  }

  /** A function, or the functions that a name stands for. */
  #functions(node: Node): readonly Step[] {
    if (node.type === 'ArrowFunctionExpression') return this.#steps([node]);
    const name = nameOf(node);
    const file = this.#module.imports.get(name ?? '') ?? this.#module.file;
    const there = this.#modules.find((other) => other.file === file);
    const made = there?.nodes.filter(
      (other) =>
        (other.type === 'FunctionDeclaration' && nameOf(other['id']) === name) ||
        (other.type === 'ArrowFunctionExpression' && nameOf(there.parents.get(other)?.['id']) === name),
    );
    return name === undefined ? [] : this.#steps(made ?? [], there);
  }

  /** A name is a parameter, a constant or an import. */
  #name(node: Node): readonly Step[] {
    const name = nameOf(node) ?? '';
    if (name === 'undefined') return [];
    for (const scope of ancestorsOf(node, this.#module)) {
      const parameter = parameterOf(scope, name);
      if (parameter !== null) return isPassedOn(parameter.key) ? [] : this.#parameter(scope, parameter);
      for (const declared of declarationsOf(scope)) {
        const binding = bindingOf(declared['id'] as Node, name);
        if (binding !== null) return isPassedOn(binding.key) ? [] : this.#steps(listOf(declared, 'init'));
      }
    }
    const there = this.#modules.find(({ file }) => file === this.#module.imports.get(name));
    const declared = there?.nodes.find(({ type, id }) => type === 'VariableDeclarator' && nameOf(id) === name);
    return declared === undefined ? this.#refuse(node) : this.#steps(listOf(declared, 'init'), there);
  }

  /** The argument of every call, which may be in another file; of a callback of `map`, a column of the table. */
  #parameter(made: Node, { at, index }: Parameter): readonly Step[] {
    const parent = this.#module.parents.get(made);
    const callee = parent?.['callee'];
    if (isNode(callee) && nameOf(callee['property']) === 'map') {
      const pattern = listOf(made, 'params')[index];
      const column = pattern?.type === 'ArrayPattern' ? listOf(pattern, 'elements').indexOf(at) : null;
      return listOf(callee, 'object').map((node) => ({ node, module: this.#module, column }));
    }
    const name =
      parent?.['kind'] === 'constructor'
        ? nameOf(ancestorsOf(parent, this.#module)[1]?.['id'])
        : (nameOf(made['id']) ?? nameOf(parent?.['key']) ?? nameOf(parent?.['id']));
    const { file } = this.#module;
    const users = this.#modules.filter((other) => other === this.#module || other.imports.get(name ?? '') === file);
    const steps = users.flatMap((module) => {
      const calls = module.calls.filter(({ callee: called }) => name !== undefined && calledName(called) === name);
      return this.#steps(
        calls.flatMap((call) => listOf(call, 'arguments')[index] ?? []),
        module,
      );
    });
    const fallback = at.type === 'AssignmentPattern' ? this.#steps([at]) : [];
    return steps.length === 0 ? this.#refuse(at) : [...steps, ...fallback];
  }

  #refuse(node: Node): never {
    const { file, source } = this.#module;
    const line = source.slice(0, node.start).split('\n').length;
    throw new Error(`${file}:${line}: cannot be followed to a text: ${source.slice(node.start, node.end)}`);
  }
}

interface Parameter {
  readonly at: Node;
  readonly key?: string;
  readonly index: number;
}

function parameterOf(scope: Node, name: string): Parameter | null {
  for (const [index, parameter] of listOf(scope, 'params').entries()) {
    const binding = bindingOf(parameter, name);
    if (binding !== null) return { ...binding, index };
  }
  return null;
}

function calledName(callee: unknown): string | undefined {
  return isNode(callee) ? (nameOf(callee) ?? nameOf(callee['property'])) : undefined;
}

/** What zod reads back is no remedy. */
function isSchema(node: Node): boolean {
  if (node.type === 'Identifier') return nameOf(node) === 'z';
  const next = node['callee'] ?? node['object'];
  return isNode(next) && isSchema(next);
}
