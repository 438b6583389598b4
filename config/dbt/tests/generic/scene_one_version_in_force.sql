{# Made by `npm run dbt`. No two versions of a scene are in force at the same instant, so no join by key and time multiplies facts. #}
{% test scene_one_version_in_force(model, versions_of) %}
SELECT *
FROM (
  SELECT {{ versions_of | join(', ') }}, effective_from, effective_to,
    LEAD(effective_from) OVER (PARTITION BY {{ versions_of | join(', ') }} ORDER BY effective_from, effective_to) AS next_from
  FROM {{ model }}
) AS version
WHERE next_from < effective_to
{% endtest %}
