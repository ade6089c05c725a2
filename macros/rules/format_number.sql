{% macro format_number(number, conditions) -%}
    coalesce(
        {{ decimal_text(number ~ ' * ' ~ conditions ~ '.shown_times', conditions ~ '.decimals') }},
        ''
    )
{%- endmacro %}
