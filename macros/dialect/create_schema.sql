{#-
    Two builds that start together both create a missing schema: the later one finds it there. PostgreSQL refuses
    `create schema if not exists` without the right to create, even if the schema exists.
-#}
{% macro postgres__create_schema(relation) -%}
    {%- if relation.database -%}
        {%- do adapter.verify_database(relation.database) -%}
    {%- endif -%}
    {%- set schema = relation.without_identifier().include(database=false) -%}
    {%- call statement('create_schema') -%}
        do $$
        begin
            if to_regnamespace('{{ schema }}') is null then
                create schema {{ schema }};
            end if;
        exception
            when duplicate_schema or unique_violation then
                null;
            when insufficient_privilege then
                raise exception 'The role % may not create the schema {{ relation.schema }}. Let an administrator run: '
                    'create schema {{ relation.schema }} authorization %;',
                    quote_ident(current_user), quote_ident(current_user);
        end
        $$
    {%- endcall -%}
{%- endmacro %}
