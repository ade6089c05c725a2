{#-
    The first hook of every model and seed, in the transaction that changes its table: a build that finds
    a newer one has begun stops here.
-#}
{% macro take_turn() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {{ build_lock(shared=true) }}
        {{ stop_if_overtaken() }}
    {%- endif -%}
{%- endmacro %}
