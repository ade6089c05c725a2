{#- An error of PostgreSQL prints the row or the value. This raises it with its first words alone. -#}
{% macro without_values_in_errors(statements) -%}
    {{ return(adapter.dispatch('without_values_in_errors', 'tutormax')(statements)) }}
{%- endmacro %}

{% macro default__without_values_in_errors(statements) -%}
    {{ return(statements) }}
{%- endmacro %}

{% macro postgres__without_values_in_errors(statements) -%}
    do $guarded$
    begin
    {{ (statements | trim).rstrip(';') }};
    exception
        when integrity_constraint_violation then
            raise exception using errcode = sqlstate, message = sqlerrm;
        when data_exception then
            raise exception using
                errcode = sqlstate, message = regexp_replace(sqlerrm, '[:"].*$', '', 's'),
                hint = 'The value is not shown, because it may be personal.';
    end
    $guarded$
{%- endmacro %}

{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {{ tutormax.without_values_in_errors(dbt.postgres__create_table_as(temporary, relation, sql)) }}
{%- endmacro %}
