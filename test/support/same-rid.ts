/** The rid of an error, as {@link sameRid} writes it. */
export const RID = 'rid: 617682e0-09059ac5-34a8e2ea';

/** A copy of the value in which every rid is that one: the simulator gives each error another. */
export function sameRid<T>(value: T): T {
  return JSON.parse(JSON.stringify(value).replace(/rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}/g, RID)) as T;
}
