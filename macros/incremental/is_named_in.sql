{#-
    True for a key that a relation, of what this build judges, names: an engine would otherwise prepare all of
    a large parent for the few rows that join it. A full pass joins nearly all of it, and takes it as it is.
-#}
{% macro is_named_in(key, relation) -%}
    {%- if is_everything_recomputed() -%}
        true
    {%- else -%}
        {{ key }} in (select {{ key }} from {{ relation }})
    {%- endif -%}
{%- endmacro %}
