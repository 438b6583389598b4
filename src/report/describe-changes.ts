import type { Version, VersionChange } from '../dimension/version.ts';
import { formatInstantShort, type Micros } from '../instant.ts';

/** What happens to a scene, for people. */
export interface DescribedChange {
  readonly appId: string;
  readonly sceneKey: string;
  /** As in `二维码 -> 扫一扫二维码` or `closes 搜索 (removed)`. */
  readonly words: string;
  /** From when on the dimension says something else. */
  readonly since: Micros;
}

/** The changes of one batch in words. The end of a name and the start of the next are one change. */
export function* describeChanges(changes: Iterable<VersionChange>): Generator<DescribedChange> {
  const renamed = new Map<string, Version>();
  const followed = new Set<string>();
  for (const change of changes) {
    if (change.op !== 'delete' && change.after.endReason === 'renamed') renamed.set(endOf(change.after), change.after);
  }
  for (const change of changes) if (change.op === 'insert') followed.add(startOf(change.after));
  for (const change of changes) {
    if (change.op === 'insert') yield describe(change.after, opening(change.after, renamed.get(startOf(change.after))));
    else if (change.op === 'delete') yield describe(change.before, `${change.before.sceneName} deleted`);
    else if (!isClosing(change)) yield describe(change.after, rewriting(change));
    else if (!followed.has(endOf(change.after))) {
      const { sceneName, endReason, effectiveTo } = change.after;
      yield describe(change.after, `closes ${sceneName} (${endReason})`, effectiveTo);
    }
  }
}

type Update = Extract<VersionChange, { readonly op: 'update' }>;

function describe({ appId, sceneKey, effectiveFrom }: Version, words: string, since = effectiveFrom): DescribedChange {
  return { appId, sceneKey, words, since };
}

function opening({ sceneName, endReason, effectiveTo }: Version, before: Version | undefined): string {
  const words = before === undefined ? `opens ${sceneName}` : `${before.sceneName} -> ${sceneName}`;
  return endReason === 'removed' ? `${words} (removed ${formatInstantShort(effectiveTo)})` : words;
}

function rewriting({ before, after }: Update): string {
  const names = before.sceneName === after.sceneName ? after.sceneName : `${before.sceneName} -> ${after.sceneName}`;
  return `${names} rewritten`;
}

/** True when nothing else happens to the version than that it ends. */
function isClosing({ before, after }: Update): boolean {
  const isSame = before.sceneName === after.sceneName && before.effectiveFrom === after.effectiveFrom;
  return isSame && before.endReason === null && after.endReason !== null;
}

function startOf({ sceneId, effectiveFrom }: Version): string {
  return `${sceneId} ${effectiveFrom}`;
}

function endOf({ sceneId, effectiveTo }: Version): string {
  return `${sceneId} ${effectiveTo}`;
}
