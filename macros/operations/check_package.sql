{% macro check_package() -%}
    {%- set missing = [] -%}
    {%- if project_name != 'tutormax' -%}
        {%- if adapter.dispatch('get_table_columns_and_constraints', 'dbt').macro.package_name.startswith('dbt') -%}
            {%- do missing.append("dispatch") -%}
        {%- endif -%}
        {%- if 'materialization_incremental_' ~ adapter.type() not in context[project_name] -%}
            {%- do missing.append("the materialization incremental") -%}
        {%- endif -%}
    {%- endif -%}
    {%- if missing -%}
        {{ exceptions.raise_compiler_error(
            "The project " ~ project_name ~ " installs tutormax as a package without " ~ missing | join(" and ")
            ~ ": add what docs/package.md of tutormax lists."
        ) }}
    {%- endif -%}
{%- endmacro %}
