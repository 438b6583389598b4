import { isOpen, type Version } from '../../../dimension/version.ts';
import { type CopyFields, encodeFields } from './encode-rows.ts';

const REMEMBERED_KEYS = 4_096;

/**
 * Writes a row of `dim_scene` for COPY, in the order of `versionColumnNames`. A first load spends
 * much of its time here. Many rows share a scene key or the times, so these fields are encoded
 * once.
 */
export function writeVersion(fields: CopyFields, version: Version): void {
  fields.text(version.versionId);
  fields.text(version.sceneId);
  fields.text(version.appId);
  fields.encoded(keyFields(version));
  fields.text(version.sceneName);
  fields.encoded(timeFields(version));
}

/** Fields, and a version that has them. */
interface Encoded {
  readonly version: Version;
  readonly fields: Uint8Array;
}

const knownKeys = new Map<string, Encoded>();

/** scene_key, scene_value, value_kind, is_aggregate. */
function keyFields(version: Version): Uint8Array {
  const { sceneKey, sceneValue, valueKind, isAggregate } = version;
  const known = knownKeys.get(sceneKey);
  if (
    known?.version.sceneValue === sceneValue &&
    known.version.valueKind === valueKind &&
    known.version.isAggregate === isAggregate
  )
    return known.fields;
  const fields = encodeFields((out) => {
    out.text(sceneKey);
    out.bigint(sceneValue);
    out.text(valueKind);
    out.boolean(isAggregate);
  });
  if (knownKeys.size >= REMEMBERED_KEYS) knownKeys.clear();
  knownKeys.set(sceneKey, { version, fields });
  return fields;
}

let last: Encoded | undefined;

/** effective_from, effective_to, is_current, end_reason, first_observed_at. */
function timeFields(version: Version): Uint8Array {
  const { effectiveFrom, effectiveTo, endReason, firstObservedAt } = version;
  const isSame =
    last?.version.firstObservedAt === firstObservedAt &&
    last.version.effectiveFrom === effectiveFrom &&
    last.version.effectiveTo === effectiveTo &&
    last.version.endReason === endReason;
  if (last !== undefined && isSame) return last.fields;
  const fields = encodeFields((out) => {
    out.instant(effectiveFrom);
    out.instant(effectiveTo);
    out.boolean(isOpen(version));
    out.text(endReason);
    out.instant(firstObservedAt);
  });
  last = { version, fields };
  return fields;
}
