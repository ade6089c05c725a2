{% macro json_number(column, key, below, at_least=0) -%}
    {{ return(adapter.dispatch('json_number', 'tutormax')(column, key, below, at_least)) }}
{%- endmacro %}

{#- PostgreSQL casts no numeric to double precision that is too large or too small for it. -#}
{% macro default__json_number(column, key, below, at_least) -%}
    {%- set number = "cast(" ~ column ~ " -> '" ~ key ~ "' as numeric)" -%}
    {%- set value = "cast(" ~ number ~ " as double precision)" -%}
    case
        when jsonb_typeof({{ column }} -> '{{ key }}') = 'number'
            then case
                when abs({{ number }}) < 1e-300 then 0
                when abs({{ number }}) < 1e300
                    then case when {{ value }} >= {{ at_least }} and {{ value }} < {{ below }} then {{ value }} end
            end
    end
{%- endmacro %}

{% macro duckdb__json_number(column, key, below, at_least) -%}
    case
        when json_type({{ column }}, '{{ key }}') in ('DOUBLE', 'BIGINT', 'UBIGINT', 'HUGEINT')
            then case
                when try_cast({{ column }} ->> '{{ key }}' as double) >= {{ at_least }}
                    and try_cast({{ column }} ->> '{{ key }}' as double) < {{ below }}
                    then try_cast({{ column }} ->> '{{ key }}' as double)
            end
    end
{%- endmacro %}

{#- Spark parses a JSON number as a long, a decimal or a double. -#}
{% macro spark__json_number(column, key, below, at_least) -%}
    {%- set value = "variant_get(try_parse_json(" ~ column ~ "), '$." ~ key ~ "')" -%}
    case
        when schema_of_variant({{ value }}) rlike '^(BIGINT|DECIMAL|DOUBLE)'
            then case
                when cast({{ value }} as double) >= {{ at_least }} and cast({{ value }} as double) < {{ below }}
                    then cast({{ value }} as double)
            end
    end
{%- endmacro %}
