import { createHash } from 'node:crypto';
import { bundledCatalog } from '../../catalog/scene-catalog.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import type { Observation } from '../../dimension/observation.ts';
import type { EndReason, Version, VersionChange } from '../../dimension/version.ts';
import type { Micros } from '../../instant.ts';
import { OPEN_END } from '../../instant.ts';
import type { ChangeSet, HeadChange, MigrateOptions, Payload, RunRecord, TargetMeta } from '../loader.ts';
import { noCounts } from '../run-counts.ts';

/** 2026-01-01T00:00:00.000001Z: an instant that a loader with milliseconds loses. */
const START: Micros = 1_767_225_600_000_001n;

/** The settings that sample targets are migrated with. */
export const sampleSettings: MigrateOptions = {
  normalizerVersion: 7,
  firstSeen: 'beginning',
  timeZone: 'Asia/Shanghai',
  catalog: bundledCatalog(),
};

/** The row of `scene_meta` that {@link sampleSettings} make, without the schema version. */
export const sampleMeta: Omit<TargetMeta, 'schemaVersion'> = {
  normalizerVersion: sampleSettings.normalizerVersion,
  firstSeen: sampleSettings.firstSeen,
  timeZone: sampleSettings.timeZone,
  catalogHash: sampleSettings.catalog.hash,
  rebuilding: false,
};

/** The n-th sample instant, a second and a microsecond after the one before. */
export function instantAt(n: number): Micros {
  return START + BigInt(n) * 1_000_001n;
}

/** A payload with its true hash. */
export function samplePayload(body: string | Uint8Array): Payload {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return { payloadHash: createHash('sha256').update(bytes).digest('hex'), body: bytes };
}

/** The body of every sample observation that names no other. */
export const commonPayload: Payload = samplePayload('{"errcode":0,"scene":[{"name":"搜索","value":1}]}');

/** An ok observation of the common payload. */
export function sampleObservation(appId: string, observedAt: Micros, fields: Partial<Observation> = {}): Observation {
  return {
    appId,
    observedAt,
    status: 'ok',
    payloadHash: commonPayload.payloadHash,
    errorCode: null,
    errorMessage: null,
    holdReason: null,
    decidedAt: null,
    decisionNote: null,
    runId: 'run-1',
    ...fields,
  };
}

/** An open version of a scene; its ids are made of account, key and `first`, and equal for equal ones. */
export function sampleVersion(appId: string, sceneKey: string, first: Micros, fields: Partial<Version> = {}): Version {
  const isNumeric = /^(0|[1-9]\d{0,17})$/.test(sceneKey);
  return {
    versionId: sampleId(appId, sceneKey, String(first)),
    sceneId: sampleId(appId, sceneKey),
    appId,
    sceneKey,
    sceneValue: isNumeric ? BigInt(sceneKey) : null,
    valueKind: isNumeric ? 'numeric' : sceneKey.startsWith('@_') ? 'sentinel' : 'text',
    isAggregate: sceneKey === '@_all',
    sceneName: `scene ${sceneKey}`,
    effectiveFrom: first,
    effectiveTo: OPEN_END,
    endReason: null,
    firstObservedAt: first,
    ...fields,
  };
}

/** The version with another end: closed for `reason`, or open when `to` is the open end. */
export function endingAt(version: Version, to: Micros, reason: EndReason = 'renamed'): Version {
  return { ...version, effectiveTo: to, endReason: to === OPEN_END ? null : reason };
}

/** The head of an account whose newest observation is ok, at `at`. */
export function sampleHead(
  appId: string,
  revision: number,
  at: Micros = instantAt(0),
  fields: Partial<AccountHead> = {},
): AccountHead {
  return {
    appId,
    revision,
    lastOkAt: at,
    lastObservedAt: at,
    lastPayloadHash: commonPayload.payloadHash,
    lastAttemptAt: at,
    lastErrorCode: null,
    lastErrorMessage: null,
    removalsSuspendedSince: null,
    ...fields,
  };
}

/**
 * The change of a head at revision `revision` (null for a new account), whose newest observation was at `since` and is at `at`
 * afterwards.
 */
export function sampleHeadChange(
  appId: string,
  revision: number | null,
  at: Micros = instantAt(0),
  since: Micros = instantAt(0),
): HeadChange {
  return {
    before: revision === null ? null : sampleHead(appId, revision, since),
    head: sampleHead(appId, (revision ?? 0) + 1, at),
  };
}

export function insertOf(after: Version): VersionChange {
  return { op: 'insert', after };
}

export function updateOf(before: Version, after: Version): VersionChange {
  return { op: 'update', before, after };
}

export function deleteOf(before: Version): VersionChange {
  return { op: 'delete', before };
}

/** A change set of one run; what is not named is empty. */
export function sampleChangeSet(batch: number, parts: Partial<ChangeSet> = {}, runId = 'run-1'): ChangeSet {
  return {
    run: sampleRun(runId, batch),
    payloads: [commonPayload],
    observations: [],
    decisions: [],
    rejects: [],
    removedObservations: [],
    removedPayloads: [],
    heads: [],
    versions: [],
    ...parts,
  };
}

/** The record of a run after `batches` batches, while it goes on. */
export function sampleRun(runId: string, batches: number, fields: Partial<RunRecord> = {}): RunRecord {
  return {
    runId,
    command: 'replay',
    startedAt: instantAt(0),
    finishedAt: null,
    outcome: null,
    programVersion: '0.0.0-contract',
    counts: noCounts,
    batches,
    ...fields,
  };
}

/** 32 hex digits, as real ids are. */
function sampleId(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}
