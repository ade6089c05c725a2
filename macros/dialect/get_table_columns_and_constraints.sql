{#-
    Overrides how dbt renders a contract of this project. On PostgreSQL foreign keys cascade, which a contract cannot declare. DuckDB
    gets only the constraints that it enforces, and not null for a primary key.
-#}
{% macro postgres__get_table_columns_and_constraints() -%}
    {%- set constraints = [] -%}
    {%- for constraint in adapter.render_raw_model_constraints(raw_constraints=model['constraints']) -%}
        {%- do constraints.append(
            constraint ~ (' on delete cascade' if 'foreign key' in constraint and model.package_name == 'tutormax' else '')
        ) -%}
    {%- endfor -%}
    {%- set columns = adapter.render_raw_columns_constraints(raw_columns=model['columns']) -%}
    ({{ (columns + constraints) | join(', ') }})
{%- endmacro %}

{% macro duckdb__get_table_columns_and_constraints() -%}
    {%- if model.package_name != 'tutormax' -%}
        {{ return(dbt.default__get_table_columns_and_constraints()) }}
    {%- endif -%}
    {%- set columns = {} -%}
    {%- for name, column in model['columns'].items() -%}
        {%- set constraints = [] -%}
        {%- for constraint in column.constraints -%}
            {%- if constraint.type == 'primary_key' -%}
                {%- do constraints.append({'type': 'not_null'}) -%}
            {%- elif constraint.type not in unenforced_constraints() -%}
                {%- do constraints.append(constraint) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do columns.update({name: dict(column, constraints=constraints)}) -%}
    {%- endfor -%}
    ({{ adapter.render_raw_columns_constraints(raw_columns=columns) | join(', ') }})
{%- endmacro %}
