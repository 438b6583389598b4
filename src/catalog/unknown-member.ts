/**
 * The unknown member: the row of `scene_current` and `scene_history` that a fact without a version points to, so that
 * an inner join on `version_id` loses no fact. It is made by the views and never stored or exported.
 */
export const unknownMember = {
  /** `version_id` and `scene_id`: 32 zeros, which no sha256 of a real version is expected to be. */
  id: '0'.repeat(32),
  appId: '',
  sceneKey: '',
  sceneName: '未知',
} as const;
