-- An example to copy: visits with the scene that was in force. It needs app_id, visited_at, access_source and launch_scene.
{{ config(enabled=var('scenedim_visits') is not none) }}

SELECT
  v.*,
  COALESCE(s.version_id, REPEAT('0', 32)) AS scene_version_id,
  COALESCE(s.scene_id, REPEAT('0', 32)) AS scene_id,
  COALESCE(s.scene_name, '未知') AS scene_name
FROM {{ var('scenedim_visits') }} AS v
{{ scenedim.scene_as_of_join(
  app_id='v.app_id', at='v.visited_at', access_source='v.access_source', launch_scene='v.launch_scene') }}
