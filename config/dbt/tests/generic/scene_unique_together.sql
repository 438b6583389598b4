{# No two rows have the same values in all of these columns. #}
{% test scene_unique_together(model, columns) %}
SELECT {{ columns | join(', ') }}, COUNT(*) AS occurrences
FROM {{ model }}
GROUP BY {{ columns | join(', ') }}
HAVING COUNT(*) > 1
{% endtest %}
