/** Shorter runs cost nothing worth avoiding. */
const LONG_RUN = 1024;

/**
 * Puts the combining marks of very long runs into the canonical order of Unicode, so that `normalize` finds them in it.
 * Changes nothing about the normalized text. ICU sorts a run by insertion: half a million marks would take it minutes.
 */
export function orderLongMarkRuns(text: string): string {
  if (text.length < LONG_RUN) return text;
  return text.replace(/\p{M}+/gu, (run) => (run.length < LONG_RUN ? run : orderRun(run)));
}

function orderRun(run: string): string {
  const decomposed: string[] = [];
  const forms = new Map<string, readonly string[]>();
  for (const mark of run) {
    const form = forms.get(mark) ?? [...mark.normalize('NFD')];
    forms.set(mark, form);
    decomposed.push(...form);
  }

  const rankOf = rankByCombiningClass(new Set(decomposed));
  const ordered: string[] = [];
  let stretch: string[] = [];
  for (const mark of [...decomposed, '']) {
    if (rankOf.has(mark)) {
      stretch.push(mark);
      continue;
    }
    for (const moved of sortStretch(stretch, rankOf)) ordered.push(moved);
    ordered.push(mark);
    stretch = [];
  }
  return ordered.join('');
}

/** Stable, as canonical ordering is: marks of one class keep their order. */
function sortStretch(stretch: readonly string[], rankOf: ReadonlyMap<string, number>): string[] {
  return stretch.toSorted((a, b) => (rankOf.get(a) ?? 0) - (rankOf.get(b) ?? 0));
}

/** The rank of the combining class of each mark that has one; marks of class 0 have none, nothing moves past them. */
function rankByCombiningClass(marks: ReadonlySet<string>): Map<string, number> {
  const movable = [...marks].filter(hasCombiningClass).sort(compareClasses);
  const ranks = new Map<string, number>();
  let rank = 0;
  let previous: string | undefined;
  for (const mark of movable) {
    if (previous !== undefined && compareClasses(previous, mark) !== 0) rank += 1;
    ranks.set(mark, rank);
    previous = mark;
  }
  return ranks;
}

// U+0334 has the lowest combining class (1), U+0345 the highest (240): a mark with a class swaps with one of them.
function hasCombiningClass(mark: string): boolean {
  return swaps(mark, '\u0334') || swaps('\u0345', mark);
}

function compareClasses(a: string, b: string): number {
  if (swaps(a, b)) return 1;
  return swaps(b, a) ? -1 : 0;
}

function swaps(first: string, second: string): boolean {
  return (first + second).normalize('NFD') === second + first && first !== second;
}
