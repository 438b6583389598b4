MODEL (
  name dim.dim_scene,
  kind SCD_TYPE_2_BY_COLUMN (
    unique_key (app_id, scene_key),
    columns [scene_name],
    invalidate_hard_deletes true
  ),
  cron '@hourly'
);

SELECT app_id::text, scene_key::text, scene_name::text FROM raw.scene
