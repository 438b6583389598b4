import { accountDrift, type DriftKind, type KnownSource } from '../../dimension/account-drift.ts';
import { isOpen, type VersionChange, versionOf } from '../../dimension/version.ts';
import { describeChanges } from '../../report/describe-changes.ts';
import { formatTime } from '../../report/history-table.ts';
import { MarkdownTable } from './markdown-table.ts';

/** What runs do to the dimension, as a list and as what leads away from the known access sources. */
export class NotedChanges {
  readonly all: MarkdownTable;
  readonly drift: MarkdownTable;

  constructor(redact: (text: string) => string) {
    this.all = new MarkdownTable(redact, 'account', 'scene', 'change', 'since');
    this.drift = new MarkdownTable(redact, 'account', 'scene', 'drift', 'name', 'known as');
  }

  add(changes: readonly VersionChange[], known: readonly KnownSource[]): void {
    for (const { appId, sceneKey, words, since } of describeChanges(changes)) {
      this.all.add(appId, sceneKey, words, formatTime(since));
    }
    const sources = new Map(known.map((source) => [source.accessSourceKey, source]));
    const opened = new Set(changes.filter(opens).map((change) => versionOf(change).sceneId));
    for (const change of changes) {
      const version = versionOf(change);
      const isGone = change.op === 'update' && version.endReason === 'removed' && !opened.has(version.sceneId);
      if (!opens(change) && !isGone) continue;
      const source = sources.get(version.sceneKey);
      for (const { drift, sceneName, bundledName } of accountDrift(source ? [source] : [], isGone ? [] : [version])) {
        if (expected.has(drift)) continue;
        this.drift.add(version.appId, version.sceneKey, drift, sceneName ?? '', bundledName ?? '');
      }
    }
  }
}

const expected: ReadonlySet<DriftKind> = new Set(['matched', 'seen_elsewhere']);

function opens(change: VersionChange): boolean {
  return change.op === 'insert' && isOpen(change.after);
}
