-- Every version of every scene and the unknown member, as the semantic layer and BI tools see them.
SELECT * FROM {{ source('scenedim', 'scene_history') }}
