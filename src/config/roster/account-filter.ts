/** Which accounts of a list a run is about; patterns are app ids in which `*` stands for any characters. */
export interface AccountSelection {
  /** Default: all. */
  readonly include?: readonly string[] | undefined;
  /** Wins over `include`. Default: none. */
  readonly exclude?: readonly string[] | undefined;
}

export function createAccountFilter({ include, exclude = [] }: AccountSelection): (appId: string) => boolean {
  const isIncluded = include === undefined ? () => true : matcherOf(include);
  const isExcluded = matcherOf(exclude);
  return (appId) => isIncluded(appId) && !isExcluded(appId);
}

/** Names are looked up and only patterns are tried, because either may be many. */
function matcherOf(patterns: readonly string[]): (appId: string) => boolean {
  const names = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const expressions = patterns.filter((pattern) => pattern.includes('*')).map(expressionOf);
  return (appId) => names.has(appId) || expressions.some((expression) => expression.test(appId));
}

function expressionOf(pattern: string): RegExp {
  // Two stars say no more than one, and would be tried in every division of the text.
  const parts = pattern.split(/\*+/).map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
