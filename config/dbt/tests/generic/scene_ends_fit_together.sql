{# Made by `npm run dbt`. A version begins before it ends; it is current exactly when its end is open, and then it has no end_reason. #}
{% test scene_ends_fit_together(model, versions_of) %}
SELECT *
FROM {{ model }}
WHERE NOT (effective_from < effective_to)
  OR is_current <> (EXTRACT(YEAR FROM effective_to) = 9999)
  OR is_current <> (end_reason IS NULL)
{% endtest %}
