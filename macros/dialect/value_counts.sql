{% macro value_counts(relation, keep, columns, named, valued, counted) -%}
    {{ return(adapter.dispatch('value_counts', 'tutormax')(relation, keep, columns, named, valued, counted)) }}
{%- endmacro %}

{% macro default__value_counts(relation, keep, columns, named, valued, counted) -%}
    {%- for column in columns %}
    select
        {{ keep | join(', ') }},
        '{{ column }}' as {{ named }},
        {{ column }} as {{ valued }},
        count(*) as {{ counted }}
    from {{ relation }}
    group by {{ keep | join(', ') }}, {{ column }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- Otherwise Spark would evaluate the relation once per column. -#}
{% macro spark__value_counts(relation, keep, columns, named, valued, counted) -%}
    select {{ keep | join(', ') }}, {{ named }}, {{ valued }}, count(*) as {{ counted }}
    from {{ relation }}
    lateral view stack(
        {{ columns | length }}
        {%- for column in columns %}, '{{ column }}', {{ column }}{% endfor %}
    ) as {{ named }}, {{ valued }}
    group by {{ keep | join(', ') }}, {{ named }}, {{ valued }}
{%- endmacro %}
