/** Examples for the end of a help text: pairs of a command line and what it is for, aligned within 80 columns. */
export function examples(pairs: readonly (readonly [commandLine: string, purpose: string])[]): string {
  const lines = pairs.flatMap(([commandLine, purpose]) => [`  # ${purpose}`, `  $ scenedim ${commandLine}`]);
  return `\nExamples:\n${lines.join('\n')}`;
}
