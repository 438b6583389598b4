/**
 * A text as one word of a command line that people paste into a shell: as it is where a shell takes it
 * so, else in quotes. What cannot be seen is written as an escape, which bash and zsh read.
 */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const escaped = text.replaceAll(/[\\'\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (it) =>
    it === '\\' || it === "'" ? `\\${it}` : `\\U${(it.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`,
  );
  return `$'${escaped}'`;
}
