{% macro json_number(column, key, below, at_least=0) -%}
    {{ return(adapter.dispatch('json_number', 'tutormax')(column, key, below, at_least)) }}
{%- endmacro %}

{% macro default__json_number(column, key, below, at_least) -%}
    case
        when jsonb_typeof({{ column }} -> '{{ key }}') = 'number'
            then case
                when cast({{ column }} -> '{{ key }}' as numeric) >= {{ at_least }}
                    and cast({{ column }} -> '{{ key }}' as numeric) < {{ below }}
                    then cast({{ column }} -> '{{ key }}' as double precision)
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
