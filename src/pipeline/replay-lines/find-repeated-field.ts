import { fieldNames, type LineFields } from './replay-field.ts';

/**
 * The first field that a line gives twice, which JSON allows: parsers take the last one silently.
 * Null when there is none. What stands inside of `body` is no field.
 */
export function findRepeatedField(line: string, fields: LineFields): string | null {
  if (!mayRepeat(line, fields)) return null;
  const seen = new Set<string>();
  for (const name of namesOf(line)) {
    if (seen.has(name) && fieldNames.includes(name)) return name;
    seen.add(name);
  }
  return null;
}

/**
 * False for nearly every line, at little cost. A name may be written with escapes, like `\u0061`.
 */
function mayRepeat(line: string, fields: LineFields): boolean {
  return line.includes('u00') || fieldNames.some((name) => name in fields && standsTwice(line, name));
}

function standsTwice(line: string, name: string): boolean {
  const end = `${name}"`;
  return line.includes(end, line.indexOf(end) + 1);
}

/**
 * The names of the members of an object, as often as they come, in text that is known to be JSON.
 */
function* namesOf(line: string): Generator<string> {
  const mark = /["{}[\],]/g;
  let depth = 0;
  let isName = false;
  for (let found = mark.exec(line); found !== null; found = mark.exec(line)) {
    const [character] = found;
    if (character === '"') {
      const end = endOfString(line, found.index);
      if (depth === 1 && isName) yield nameIn(line.slice(found.index, end));
      isName = false;
      mark.lastIndex = end;
    } else if (character === ',') isName = depth === 1;
    else {
      depth += character === '{' || character === '[' ? 1 : -1;
      isName = depth === 1 && character === '{';
    }
  }
}

/** Where a string ends that begins at a quotation mark. */
function endOfString(line: string, start: number): number {
  for (let at = line.indexOf('"', start + 1); at >= 0; at = line.indexOf('"', at + 1)) {
    let escapes = 0;
    while (line[at - 1 - escapes] === '\\') escapes += 1;
    if (escapes % 2 === 0) return at + 1;
  }
  return line.length;
}

function nameIn(text: string): string {
  return text.includes('\\') ? String(JSON.parse(text)) : text.slice(1, -1);
}
