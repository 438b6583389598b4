/** An export without what depends on the moment at which an answer came, for comparing syncs that ran at different times. */
export function timeless(dimension: string): readonly unknown[] {
  return dimension
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { app_id, scene_key, scene_name, is_current, end_reason } = JSON.parse(line) as Record<string, unknown>;
      return [app_id, scene_key, scene_name, is_current, end_reason];
    });
}
