import { accountDrift, type KnownSource } from '../../../dimension/account-drift.ts';
import { type SceneChange, sceneChanges } from '../../../dimension/scene-changes.ts';
import { isOpen, type Version } from '../../../dimension/version.ts';
import { BEGINNING, type Micros } from '../../../instant.ts';
import type { ZonedTime } from '../zoned-time.ts';
import { ChangeCollector, type ChangeRow } from './change-collector.ts';
import { DriftCollector, type ReportedDrift } from './drift-collector.ts';
import { isInForce, SceneCollector, type SceneRow } from './scene-collector.ts';

/** What a report is made from. */
export interface ReportInput {
  readonly now: Micros;
  /** From when on changes are listed. */
  readonly since: Micros;
  readonly zone: ZonedTime;
  /** Every account that was ever asked, in the order of the versions. */
  readonly accounts: readonly ReportedAccount[];
  /** All versions of these accounts, ordered by app_id, scene_key, effective_from. */
  readonly versions: AsyncIterable<Version>;
  readonly accessSources: readonly KnownSource[];
  /** Why something changed, in the words of whoever decided; default: nobody said. */
  readonly noteOf?: (change: SceneChange) => string | null;
}

/** How an account stands, in words. */
export interface ReportedAccount {
  readonly appId: string;
  /** `ok`, or what is wrong. */
  readonly state: string;
  readonly lastOkAt: Micros | null;
  readonly lastAttemptAt: Micros;
  readonly problems: readonly ReportedProblem[];
}

export interface ReportedProblem {
  readonly what: string;
  readonly remedy: string;
}

/** What a report tells. */
export interface ReportContent {
  readonly scenes: readonly SceneRow[];
  readonly changes: readonly ChangeRow[];
  readonly drift: ReportedDrift;
  /** Scenes of all accounts that are in force. */
  readonly inForce: number;
  /** Scenes of all accounts that changed since. */
  readonly changed: number;
  /** The first thing that is known to have happened; null without a version. */
  readonly firstEvent: Micros | null;
  /** How many changes came after the first answer of their account, by the Monday of their week. */
  readonly changesByWeek: ReadonlyMap<number, number>;
  /** By how many the scenes in force grew on a day, the beginning included; negative where they shrank. */
  readonly growthByDay: ReadonlyMap<number, number>;
}

/** Reads all versions once and keeps what the report tells. */
export async function collectContent(input: ReportInput): Promise<ReportContent> {
  const collector = new ContentCollector(input);
  const positions = new Map(input.accounts.map(({ appId }, index) => [appId, index]));
  const silent = new Set(positions.values());
  let ofAccount: Version[] = [];
  const flush = (): void => {
    const position = positions.get(ofAccount[0]?.appId ?? '');
    if (position !== undefined) {
      silent.delete(position);
      collector.add(position, ofAccount);
    }
    ofAccount = [];
  };
  for await (const version of input.versions) {
    if (ofAccount[0]?.appId !== version.appId) flush();
    ofAccount.push(version);
  }
  flush();
  for (const position of silent) collector.add(position, []);
  return collector.content();
}

class ContentCollector {
  readonly #input: ReportInput;
  readonly #scenes: SceneCollector;
  readonly #changes: ChangeCollector;
  readonly #drift = new DriftCollector();
  readonly #changesByWeek = new Map<number, number>();
  readonly #growthByDay = new Map<number, number>();
  #firstEvent: Micros | null = null;
  #inForce = 0;
  #changed = 0;

  constructor(input: ReportInput) {
    this.#input = input;
    this.#scenes = new SceneCollector(input.zone);
    this.#changes = new ChangeCollector(input.zone);
  }

  /** Takes all versions of an account. */
  add(account: number, versions: readonly Version[]): void {
    const { now, since, zone, noteOf, accounts, accessSources } = this.#input;
    let first = now;
    for (const { firstObservedAt } of versions) if (firstObservedAt < first) first = firstObservedAt;
    if (versions.length > 0 && (this.#firstEvent === null || first < this.#firstEvent)) this.#firstEvent = first;
    for (const scene of scenesOf(versions)) this.#addScene(account, scene);
    for (const change of sceneChanges(versions, { since: BEGINNING + 1n, until: now + 1n })) {
      if (change.changedAt > first) count(this.#changesByWeek, mondayOf(zone.dayOf(change.changedAt)), 1);
      if (change.changedAt < since) continue;
      this.#changed += 1;
      this.#changes.add(account, change, noteOf?.(change) ?? null);
    }
    if (accounts[account]?.lastOkAt == null) return;
    for (const row of accountDrift(accessSources, versions.filter(isOpen))) this.#drift.add(account, row);
  }

  #addScene(account: number, versions: readonly Version[]): void {
    this.#scenes.add(account, versions);
    if (isInForce(versions)) this.#inForce += 1;
    const { zone } = this.#input;
    for (const version of versions) {
      count(this.#growthByDay, zone.dayOf(version.effectiveFrom), 1);
      if (!isOpen(version)) count(this.#growthByDay, zone.dayOf(version.effectiveTo), -1);
    }
  }

  content(): ReportContent {
    return {
      scenes: this.#scenes.rows(),
      changes: this.#changes.rows(),
      drift: this.#drift.drift(),
      inForce: this.#inForce,
      changed: this.#changed,
      firstEvent: this.#firstEvent,
      changesByWeek: this.#changesByWeek,
      growthByDay: this.#growthByDay,
    };
  }
}

function* scenesOf(versions: readonly Version[]): Generator<readonly Version[]> {
  let scene: Version[] = [];
  for (const version of versions) {
    if (scene[0] !== undefined && scene[0].sceneKey !== version.sceneKey) {
      yield scene;
      scene = [];
    }
    scene.push(version);
  }
  if (scene.length > 0) yield scene;
}

function count(counts: Map<number, number>, key: number, step: number): void {
  counts.set(key, (counts.get(key) ?? 0) + step);
}

/** 1970-01-01 was a Thursday. */
function mondayOf(day: number): number {
  return Math.floor((day + 3) / 7) * 7 - 3;
}
