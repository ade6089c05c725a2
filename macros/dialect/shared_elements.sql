{% macro shared_elements(column, relation, person) -%}
    {{ return(adapter.dispatch('shared_elements', 'tutormax')(column, relation, person)) }}
{%- endmacro %}

{% macro default__shared_elements(column, relation, person) -%}
    case when {{ column }} is not null then array(
        select element
        from unnest({{ column }}) with ordinality as elements (element, place)
        where element in (
            select element
            from {{ relation }} as held
            cross join unnest(held.{{ column }}) as elements (element)
            group by element
            having min({{ person }}) <> max({{ person }})
        )
        order by place
    ) end
{%- endmacro %}

{#- A lambda takes no subquery. -#}
{% macro duckdb__shared_elements(column, relation, person) -%}
    case when {{ column }} is not null then coalesce((
        select list(element order by place)
        from (
            select unnest({{ column }}) as element, generate_subscripts({{ column }}, 1) as place
        ) as elements
        where element in (
            select element
            from (select unnest({{ column }}) as element, {{ person }} from {{ relation }}) as held
            group by element
            having min({{ person }}) <> max({{ person }})
        )
    ), []) end
{%- endmacro %}
