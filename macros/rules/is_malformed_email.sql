{% macro is_malformed_email(email) -%}
    {{ email }} is not null
    and (
        {{ email }} not like '%@%'
        or {{ email }} like '%@%@%'
        or {{ is_blank(dbt.split_part(email, "'@'", 1)) }}
        or {{ is_blank(dbt.split_part(email, "'@'", 2)) }}
    )
{%- endmacro %}
