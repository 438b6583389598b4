/** A name as a quoted SQL identifier of Postgres: case and any character kept. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as an SQL literal of Postgres, whatever `standard_conforming_strings` is. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** A block of PL/pgSQL for DO, between dollar signs with a tag that the block does not hold. */
export function quoteBlock(block: string): string {
  let tag = '$block$';
  while (block.includes(tag)) tag = `$_${tag.slice(1)}`;
  return `${tag}${block}${tag}`;
}

/** Texts as an SQL array. */
export function quoteArray(texts: readonly string[]): string {
  return `ARRAY[${texts.map(quoteLiteral).join(', ')}]::text[]`;
}

/** A block of PL/pgSQL as a statement. */
export function doStatement(block: string): string {
  return `DO ${quoteBlock(`\n${block}\n`)};\n`;
}
