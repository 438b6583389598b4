import leven from 'leven';

/** The candidate that `text` is most likely a misspelling of, or undefined when none is near. Case does not count. */
export function didYouMean(text: string, candidates: Iterable<string>): string | undefined {
  const wanted = text.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(text.length * 0.4)) + 1;
  for (const candidate of candidates) {
    const distance = leven(wanted, candidate.toLowerCase(), { maxDistance: bestDistance });
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}
