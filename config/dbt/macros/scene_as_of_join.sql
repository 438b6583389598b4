{#
  A LEFT JOIN that gives each fact the version of its scene that was in force at the time of the fact; it never multiplies facts.
  All arguments but `alias` and `relation` are SQL expressions over the facts.

  app_id         the account
  at             the time: timestamptz, or TIMESTAMP in BigQuery
  access_source  the access source, a number or a text (1 to 99, as in getVisitDistribution)
  launch_scene   the launch scene, a number or a text (1000 and up); of both, the access source wins where it is not null
  alias          name of the joined version; default s
  relation       scene_history, or dim_scene, which PostgreSQL joins faster to a million facts
#}
{% macro scene_as_of_join(app_id, at, access_source=none, launch_scene=none, alias='s', relation='scene_history') %}
{%- if app_id is undefined or at is undefined -%}
  {{ exceptions.raise_compiler_error('scene_as_of_join: give app_id and at, the account and the time of a fact') }}
{%- endif -%}
{%- if access_source is none and launch_scene is none -%}
  {{ exceptions.raise_compiler_error('scene_as_of_join: give access_source or launch_scene') }}
{%- endif -%}
LEFT JOIN {{ source('scenedim', relation) }} AS {{ alias }}
  ON {{ alias }}.app_id = {{ app_id }}
 AND {{ alias }}.scene_key = {{ scenedim.scene_key_of(access_source, launch_scene) }}
 AND {{ alias }}.effective_from <= {{ at }} AND {{ at }} < {{ alias }}.effective_to
{%- endmacro %}

{# The scene key of an access source, of a launch scene, or of the first of both that is not null. #}
{% macro scene_key_of(access_source=none, launch_scene=none) -%}
  {%- set text = none if access_source is none else 'CAST(' ~ access_source ~ ' AS ' ~ dbt.type_string() ~ ')' -%}
  {%- set bridged = none if launch_scene is none else scenedim.scene_access_source_of(launch_scene) -%}
  {%- if text is none -%} {{ bridged }}
  {%- elif bridged is none -%} {{ text }}
  {%- else -%} COALESCE({{ text }}, {{ bridged }})
  {%- endif -%}
{%- endmacro %}

{# The access source that a launch scene is counted under: null for what is no launch scene. #}
{% macro scene_access_source_of(launch_scene) -%}
  {{ return(adapter.dispatch('scene_access_source_of', 'scenedim')(launch_scene)) }}
{%- endmacro %}

{% macro postgres__scene_access_source_of(launch_scene) -%}
  {{ return(source('scenedim', 'scene_history').include(database=false, identifier=false) ~ '.access_source_of(' ~ launch_scene ~ ')') }}
{%- endmacro %}

{% macro bigquery__scene_access_source_of(launch_scene) -%}
  {%- set history = source('scenedim', 'scene_history') -%}
  {{ return('`' ~ history.database ~ '.' ~ history.schema ~ '.access_source_of`(' ~ launch_scene ~ ')') }}
{%- endmacro %}
