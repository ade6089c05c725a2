{% macro ordered_array(column, order_by) -%}
    {{ return(adapter.dispatch('ordered_array', 'tutormax')(column, order_by)) }}
{%- endmacro %}

{% macro default__ordered_array(column, order_by) -%}
    array_agg({{ column }} order by {{ order_by }})
{%- endmacro %}

{% macro spark__ordered_array(column, order_by) -%}
    transform(
        array_sort(collect_list(struct({{ order_by }} as place, {{ column }} as value))), pair -> pair.value
    )
{%- endmacro %}

{% macro array_element(array, place) -%}
    {{ return(adapter.dispatch('array_element', 'tutormax')(array, place)) }}
{%- endmacro %}

{% macro default__array_element(array, place) -%}
    {{ array }}[{{ place }}]
{%- endmacro %}

{% macro spark__array_element(array, place) -%}
    {{ array }}[{{ place - 1 }}]
{%- endmacro %}
