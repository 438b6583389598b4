import type { Decision, Observation, Reject } from '../../../dimension/observation.ts';
import { isOpen, type VersionChange } from '../../../dimension/version.ts';
import { formatInstant, type Micros } from '../../../instant.ts';
import type { ChangeSet, HeadChange, Payload } from '../../loader.ts';

/** Types of staged columns, as a load job's schema names them. */
export type ColumnType = 'STRING' | 'INT64' | 'BOOL' | 'TIMESTAMP' | 'BYTES';

/** A row as JSON takes it; INT64 and BYTES are texts. */
export type StagedRow = Readonly<Record<string, string | boolean | null>>;

/** One part of a change set: the columns of its staging table, and its rows. */
export interface StagingPart {
  readonly columns: Readonly<Record<string, ColumnType>>;
  rows(changeSet: ChangeSet): Iterable<StagedRow>;
  isEmpty(changeSet: ChangeSet): boolean;
}

export const stagingPartNames = ['payload', 'observation', 'decision', 'reject', 'version', 'head'] as const;
export type StagingPartName = (typeof stagingPartNames)[number];

/** The parts of a change set that go through a staging table. */
export const stagingParts: Readonly<Record<StagingPartName, StagingPart>> = {
  payload: {
    columns: { payload_hash: 'STRING', body: 'BYTES', byte_length: 'INT64' },
    rows: ({ payloads }) => map(payloads, payloadRow),
    isEmpty: ({ payloads }) => payloads.length === 0,
  },
  observation: {
    columns: {
      app_id: 'STRING',
      observed_at: 'TIMESTAMP',
      status: 'STRING',
      payload_hash: 'STRING',
      error_code: 'STRING',
      error_message: 'STRING',
      hold_reason: 'STRING',
      decided_at: 'TIMESTAMP',
      run_id: 'STRING',
    },
    rows: ({ observations }) => map(observations, observationRow),
    isEmpty: ({ observations }) => observations.length === 0,
  },
  decision: {
    columns: {
      app_id: 'STRING',
      observed_at: 'TIMESTAMP',
      status: 'STRING',
      hold_reason: 'STRING',
      decided_at: 'TIMESTAMP',
    },
    rows: ({ decisions }) => map(decisions, decisionRow),
    isEmpty: ({ decisions }) => decisions.length === 0,
  },
  reject: {
    columns: { app_id: 'STRING', observed_at: 'TIMESTAMP', row_index: 'INT64', reason: 'STRING', raw: 'STRING' },
    rows: ({ rejects }) => map(rejects, rejectRow),
    isEmpty: ({ rejects }) => rejects.length === 0,
  },
  version: {
    columns: {
      op: 'STRING',
      version_id: 'STRING',
      scene_id: 'STRING',
      app_id: 'STRING',
      scene_key: 'STRING',
      scene_value: 'INT64',
      value_kind: 'STRING',
      is_aggregate: 'BOOL',
      scene_name: 'STRING',
      effective_from: 'TIMESTAMP',
      effective_to: 'TIMESTAMP',
      is_current: 'BOOL',
      end_reason: 'STRING',
      first_observed_at: 'TIMESTAMP',
    },
    rows: ({ versions }) => map(versions, versionRow),
    isEmpty: ({ versions }) => versions.length === 0,
  },
  head: {
    columns: {
      app_id: 'STRING',
      revision_before: 'INT64',
      revision: 'INT64',
      last_ok_at: 'TIMESTAMP',
      last_observed_at: 'TIMESTAMP',
      last_payload_hash: 'STRING',
      last_attempt_at: 'TIMESTAMP',
      last_error_code: 'STRING',
      removals_suspended_since: 'TIMESTAMP',
    },
    rows: ({ heads }) => map(heads, headRow),
    isEmpty: ({ heads }) => heads.length === 0,
  },
};

function* map<From, To>(rows: readonly From[], toRow: (row: From) => To): Generator<To> {
  for (const row of rows) yield toRow(row);
}

function payloadRow({ payloadHash, body }: Payload): StagedRow {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return { payload_hash: payloadHash, body: bytes.toString('base64'), byte_length: String(body.byteLength) };
}

function observationRow(observation: Observation): StagedRow {
  return {
    app_id: observation.appId,
    observed_at: formatInstant(observation.observedAt),
    status: observation.status,
    payload_hash: observation.payloadHash,
    error_code: observation.errorCode,
    error_message: observation.errorMessage,
    hold_reason: observation.holdReason,
    decided_at: instantOrNull(observation.decidedAt),
    run_id: observation.runId,
  };
}

function decisionRow(decision: Decision): StagedRow {
  return {
    app_id: decision.appId,
    observed_at: formatInstant(decision.observedAt),
    status: decision.status,
    hold_reason: decision.holdReason,
    decided_at: formatInstant(decision.decidedAt),
  };
}

function rejectRow(reject: Reject): StagedRow {
  return {
    app_id: reject.appId,
    observed_at: formatInstant(reject.observedAt),
    row_index: String(reject.index),
    reason: reject.reason,
    raw: reject.raw,
  };
}

/** To delete a version its key is enough; its other columns say what was deleted. */
function versionRow(change: VersionChange): StagedRow {
  const version = change.op === 'delete' ? change.before : change.after;
  return {
    op: change.op,
    version_id: version.versionId,
    scene_id: version.sceneId,
    app_id: version.appId,
    scene_key: version.sceneKey,
    scene_value: version.sceneValue?.toString() ?? null,
    value_kind: version.valueKind,
    is_aggregate: version.isAggregate,
    scene_name: version.sceneName,
    effective_from: formatInstant(version.effectiveFrom),
    effective_to: formatInstant(version.effectiveTo),
    is_current: isOpen(version),
    end_reason: version.endReason,
    first_observed_at: formatInstant(version.firstObservedAt),
  };
}

function headRow({ before, head }: HeadChange): StagedRow {
  return {
    app_id: head.appId,
    revision_before: before === null ? null : String(before.revision),
    revision: String(head.revision),
    last_ok_at: instantOrNull(head.lastOkAt),
    last_observed_at: instantOrNull(head.lastObservedAt),
    last_payload_hash: head.lastPayloadHash,
    last_attempt_at: formatInstant(head.lastAttemptAt),
    last_error_code: head.lastErrorCode,
    removals_suspended_since: instantOrNull(head.removalsSuspendedSince),
  };
}

function instantOrNull(instant: Micros | null): string | null {
  return instant === null ? null : formatInstant(instant);
}
