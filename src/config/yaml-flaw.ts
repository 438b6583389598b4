import { type Document, isScalar, visit, type YAMLError } from 'yaml';

/** A syntax error of YAML in plain words, and where in the text it begins. */
export interface YamlFlaw {
  readonly offset: number;
  readonly words: string;
}

/** Several errors of one place are told as the first of them. */
export function yamlFlaws(document: Document): readonly YamlFlaw[] {
  const flaws = new Map<number, YamlFlaw>();
  for (const error of [...document.errors, ...document.warnings]) {
    const offset = beginOf(document, error);
    if (!flaws.has(offset)) flaws.set(offset, { offset, words: wordsFor(error) });
  }
  return [...flaws.values()];
}

/**
 * The line of a text as far as its key, because a value may be a secret: `accessToken: …`. Undefined for a line that does not
 * begin with a key.
 */
export function keyOfLine(text: string, line: number): string | undefined {
  const found = /^\s*((?:- +)?[\w.-]{1,64}:)(\s*\S)?/.exec(text.split('\n')[line - 1] ?? '');
  if (found === null) return undefined;
  return found[2] === undefined ? found[1] : `${found[1]} …`;
}

/** First match wins; what is in no row is told in the words of the parser. */
const plainWords: readonly (readonly [RegExp, string])[] = [
  [/^DUPLICATE_KEY/, 'the key is given twice'],
  [/^TAB_AS_INDENT/, 'the line is indented with a tab; indent it with spaces'],
  [
    /^(BLOCK_AS_IMPLICIT_KEY|MULTILINE_IMPLICIT_KEY|BLOCK_IN_FLOW)/,
    'the value is mixed up with a key: indent the next line as the keys around it, and put a value that holds ": " into "…"',
  ],
  [/end with a \}/, 'a { is opened before and not closed with a }'],
  [/end with a \]/, 'a [ is opened before and not closed with a ]'],
  [/^BAD_INDENT/, 'the line is indented otherwise than the lines that it belongs to'],
  [/^MISSING_CHAR Missing closing/, 'a quotation mark opens a text, and none closes it'],
  [/^MISSING_CHAR Missing ,/, 'a comma is missing between two values'],
  [/^MISSING_CHAR Missing space after :/, 'a space is missing after the colon'],
  [/^MISSING_CHAR Comments/, 'a space is missing before the #'],
  [
    /^MISSING_CHAR Implicit map keys/,
    'the line holds no "key: value"; perhaps a colon or the space after it is missing',
  ],
  [/^MISSING_CHAR Sequence item/, 'the line is no item of the list above it; an item begins with a dash'],
  [/^BAD_SCALAR_START/, 'a value cannot begin with this character; put the value into "…"'],
  [/^(BAD_ALIAS|ALIAS_PROPS|MULTIPLE_ANCHORS)/, 'YAML reads * and & as an alias; put a value that begins so into "…"'],
  [/^(TAG_RESOLVE_FAILED|MULTIPLE_TAGS)/, 'YAML reads ! as a tag; put a value that begins so into "…"'],
  [/^BAD_DQ_ESCAPE/, 'a backslash in "…" begins an escape that YAML does not know; write \'…\' around the value'],
];

function wordsFor({ code, message }: YAMLError): string {
  const words = plainWords.find(([pattern]) => pattern.test(`${code} ${message}`))?.[1];
  return words ?? `${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

/** A text that is not closed is told where it opens: the parser tells its end, which may be that of the file. */
function beginOf(document: Document, { message, pos: [offset] }: YAMLError): number {
  if (!message.startsWith('Missing closing')) return offset;
  let begin = offset;
  visit(document, {
    Scalar(_key, node) {
      const [start = offset, end] = node.range ?? [];
      if (isScalar(node) && node.type?.startsWith('QUOTE') === true && end === offset) begin = start;
    },
  });
  return begin;
}
