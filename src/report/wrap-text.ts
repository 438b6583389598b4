import stringWidth from 'string-width';

/**
 * A text in lines of at most `width` terminal columns, each with `indent` before it; broken at spaces, so that a longer word stays
 * whole. Undefined never breaks.
 */
export function wrapText(text: string, width: number | undefined, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && width !== undefined && stringWidth(indent + longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].map((each) => indent + each).join('\n');
}
