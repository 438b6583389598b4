import type { Micros } from '../instant.ts';
import type { Version } from './version.ts';
import { isOpen } from './version.ts';

/** Which versions of an account; no field: all. */
export interface VersionFilter {
  readonly openOnly?: boolean;
  /** Only those in force at this instant: from is inclusive, to is exclusive. */
  readonly asOf?: Micros;
  readonly sceneKey?: string;
}

/** True when a version fulfils every field of the filter. */
export function passesFilter(version: Version, { openOnly, asOf, sceneKey }: VersionFilter): boolean {
  return (
    (openOnly !== true || isOpen(version)) &&
    (asOf === undefined || (version.effectiveFrom <= asOf && asOf < version.effectiveTo)) &&
    (sceneKey === undefined || version.sceneKey === sceneKey)
  );
}
