/** The oldest Node that scenedim runs on; `engines` in package.json promises the same. */
export const OLDEST_NODE = '24.12';

/** True for a Node that lacks what scenedim uses, so that it would end in a syntax error; `version` as in `process.versions`. */
export function isNodeTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
