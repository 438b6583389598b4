/** The parts of a change set that go through a staging table: the columns of each, and what stands in them. */
import type { Decision, Observation, Reject } from '../../../dimension/observation.ts';
import { isOpen, type VersionChange, versionOf } from '../../../dimension/version.ts';
import { formatInstant, type Micros } from '../../../instant.ts';
import type { ChangeSet, HeadChange, ObservationKey, Payload } from '../../loader.ts';

export const stagingPartNames = [
  'payload',
  'observation',
  'decision',
  'reject',
  'removed_observation',
  'removed_payload',
  'version',
  'head',
] as const;
export type StagingPartName = (typeof stagingPartNames)[number];

export const stagingParts: Readonly<Record<StagingPartName, StagingPart>> = {
  payload: partOf<Payload>(({ payloads }) => payloads, {
    payload_hash: text((payload) => payload.payloadHash),
    body: bytes((payload) => payload.body),
    byte_length: integer((payload) => payload.body.byteLength),
    replaces: flag((payload) => payload.replaces ?? false),
  }),
  observation: partOf<Observation>(({ observations }) => observations, {
    app_id: text((observation) => observation.appId),
    observed_at: instant((observation) => observation.observedAt),
    status: text((observation) => observation.status),
    payload_hash: text((observation) => observation.payloadHash),
    error_code: text((observation) => observation.errorCode),
    error_message: text((observation) => observation.errorMessage),
    hold_reason: text((observation) => observation.holdReason),
    decided_at: instant((observation) => observation.decidedAt),
    decision_note: text((observation) => observation.decisionNote),
    run_id: text((observation) => observation.runId),
  }),
  decision: partOf<Decision>(({ decisions }) => decisions, {
    app_id: text((decision) => decision.appId),
    observed_at: instant((decision) => decision.observedAt),
    status: text((decision) => decision.status),
    hold_reason: text((decision) => decision.holdReason),
    decided_at: instant((decision) => decision.decidedAt),
    decision_note: text((decision) => decision.decisionNote),
  }),
  reject: partOf<Reject>(({ rejects }) => rejects, {
    app_id: text((reject) => reject.appId),
    observed_at: instant((reject) => reject.observedAt),
    row_index: integer((reject) => reject.index),
    reason: text((reject) => reject.reason),
    raw: text((reject) => reject.raw),
  }),
  removed_observation: partOf<ObservationKey>(({ removedObservations }) => removedObservations, {
    app_id: text((removed) => removed.appId),
    observed_at: instant((removed) => removed.observedAt),
  }),
  removed_payload: partOf<string>(({ removedPayloads }) => removedPayloads, {
    payload_hash: text((payloadHash) => payloadHash),
  }),
  version: partOf<VersionChange>(({ versions }) => versions, {
    op: text(({ op }) => op),
    version_id: text((change) => versionOf(change).versionId),
    scene_id: text((change) => versionOf(change).sceneId),
    app_id: text((change) => versionOf(change).appId),
    scene_key: text((change) => versionOf(change).sceneKey),
    scene_value: integer((change) => versionOf(change).sceneValue),
    value_kind: text((change) => versionOf(change).valueKind),
    is_aggregate: flag((change) => versionOf(change).isAggregate),
    scene_name: text((change) => versionOf(change).sceneName),
    effective_from: instant((change) => versionOf(change).effectiveFrom),
    effective_to: instant((change) => versionOf(change).effectiveTo),
    is_current: flag((change) => isOpen(versionOf(change))),
    end_reason: text((change) => versionOf(change).endReason),
    first_observed_at: instant((change) => versionOf(change).firstObservedAt),
  }),
  head: partOf<HeadChange>(({ heads }) => heads, {
    app_id: text(({ head }) => head.appId),
    revision_before: integer(({ before }) => before?.revision ?? null),
    revision: integer(({ head }) => head.revision),
    last_ok_at: instant(({ head }) => head.lastOkAt),
    last_observed_at: instant(({ head }) => head.lastObservedAt),
    last_payload_hash: text(({ head }) => head.lastPayloadHash),
    last_attempt_at: instant(({ head }) => head.lastAttemptAt),
    last_error_code: text(({ head }) => head.lastErrorCode),
    last_error_message: text(({ head }) => head.lastErrorMessage),
    removals_suspended_since: instant(({ head }) => head.removalsSuspendedSince),
  }),
};

/** One part of a change set: the columns of its staging table, and its rows. */
export interface StagingPart {
  readonly columns: Readonly<Record<string, ColumnType>>;
  rows(changeSet: ChangeSet): Iterable<StagedRow>;
  isEmpty(changeSet: ChangeSet): boolean;
}

/** Types of staged columns, as a load job's schema names them. */
export type ColumnType = 'STRING' | 'INT64' | 'BOOL' | 'TIMESTAMP' | 'BYTES';

/** A row as JSON takes it; INT64 and BYTES are texts. */
export type StagedRow = Readonly<Record<string, string | boolean | null>>;

interface Column<Item> {
  readonly type: ColumnType;
  readonly cell: (item: Item) => string | boolean | null;
}

function partOf<Item>(
  itemsOf: (changeSet: ChangeSet) => Iterable<Item>,
  columns: Readonly<Record<string, Column<Item>>>,
): StagingPart {
  const all = Object.entries(columns);
  return {
    columns: Object.fromEntries(all.map(([name, { type }]) => [name, type])),
    isEmpty: (changeSet) => Iterator.from(itemsOf(changeSet)).next().done === true,
    *rows(changeSet) {
      for (const item of itemsOf(changeSet)) {
        const row: Record<string, string | boolean | null> = {};
        for (const [name, { cell }] of all) row[name] = cell(item);
        yield row;
      }
    },
  };
}

function text<Item>(cell: (item: Item) => string | null): Column<Item> {
  return { type: 'STRING', cell };
}

function flag<Item>(cell: (item: Item) => boolean): Column<Item> {
  return { type: 'BOOL', cell };
}

function integer<Item>(value: (item: Item) => number | bigint | null): Column<Item> {
  return { type: 'INT64', cell: (item) => value(item)?.toString() ?? null };
}

function instant<Item>(value: (item: Item) => Micros | null): Column<Item> {
  return {
    type: 'TIMESTAMP',
    cell: (item) => {
      const at = value(item);
      return at === null ? null : formatInstant(at);
    },
  };
}

function bytes<Item>(value: (item: Item) => Uint8Array): Column<Item> {
  return {
    type: 'BYTES',
    cell: (item) => {
      const { buffer, byteOffset, byteLength } = value(item);
      return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
    },
  };
}
