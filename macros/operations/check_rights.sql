{% macro check_rights() -%}
    {{ return(adapter.dispatch('check_rights', 'tutormax')()) }}
{%- endmacro %}

{% macro default__check_rights() -%}
{%- endmacro %}

{% macro postgres__check_rights() -%}
    {%- set rights = ["select 'temporary on database ' || quote_ident(current_database()) as missing"
        ~ " where not has_database_privilege(current_database(), 'temporary')"] -%}
    {%- for schema in (own_nodes(['model', 'seed']) | map(attribute='schema') | list + [analyst_schema()]) | unique -%}
        {%- do rights.append(missing_schema_right(schema, 'create')) -%}
    {%- endfor -%}
    {%- for source in own_sources() -%}
        {%- set table = source.schema ~ '.' ~ source.identifier -%}
        {%- if adapter.get_relation(source.database, source.schema, source.identifier) is not none -%}
            {%- do rights.append(
                missing_schema_right(source.schema, 'usage') ~ " union select 'select on " ~ table
                ~ "' where not has_table_privilege((select oid from pg_class where relname = '" ~ source.identifier
                ~ "' and relnamespace = to_regnamespace('" ~ source.schema ~ "')), 'select')"
            ) -%}
        {%- elif source.source_name != 'raw' -%}
            {%- do rights.append(missing_schema_right(source.schema, 'create')) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set missing = run_query(rights | join(' union ')).columns[0].values() | sort -%}
    {%- if missing -%}
        {%- set role = run_query('select quote_ident(current_user)').rows[0][0] -%}
        {{ exceptions.raise_compiler_error(
            "The role " ~ role ~ " lacks rights. Let an administrator run: "
            ~ "grant " ~ missing | join(" to " ~ role ~ "; grant ") ~ " to " ~ role ~ ";"
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro missing_schema_right(schema, right) -%}
    {{ return(
        "select '" ~ right ~ ' on schema ' ~ schema ~ "' where not has_schema_privilege(to_regnamespace('" ~ schema ~ "'), '"
        ~ right ~ "')"
    ) }}
{%- endmacro %}
