{#- dbt's own say `cascade`, which drops what somebody else made. -#}
{% macro postgres__drop_table(relation) -%}
    {{ tutormax.drop_alone('table', relation) }}
{%- endmacro %}

{% macro postgres__drop_view(relation) -%}
    {{ tutormax.drop_alone('view', relation) }}
{%- endmacro %}

{% macro postgres__drop_materialized_view(relation) -%}
    {{ tutormax.drop_alone('materialized view', relation) }}
{%- endmacro %}

{% macro drop_alone(kind, relation) -%}
    do $$
    declare
        dependents text;
    begin
        drop {{ kind }} if exists {{ relation }} restrict;
    exception when dependent_objects_still_exist then
        get stacked diagnostics dependents = pg_exception_detail;
        raise exception using message = 'The {{ kind }} {{ relation.schema }}.{{ relation.identifier }} must be made '
            'again, but others are made from it: ' || replace(dependents, e'\n', '; ')
            || '. Drop those, run dbt build again and create them anew.';
    end
    $$
{%- endmacro %}

{#- dbt's own adds a column, copies and drops the old one with `cascade`. -#}
{% macro postgres__alter_column_type(relation, column_name, new_column_type) -%}
    {%- call statement('alter_column_type') -%}
        alter table {{ relation }} alter column {{ adapter.quote(column_name) }} type {{ new_column_type }}
    {%- endcall -%}
{%- endmacro %}
