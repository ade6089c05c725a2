{#- A number as a condition's reason shows it: times what the condition says, with its decimals. -#}
{% macro shown_number(number, conditions) -%}
    coalesce(
        {{ decimal_text(number ~ ' * ' ~ conditions ~ '.shown_times', conditions ~ '.decimals') }},
        ''
    )
{%- endmacro %}
