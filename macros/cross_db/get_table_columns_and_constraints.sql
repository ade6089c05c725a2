{#-
    dbt renders the contract of a table; two engines need it otherwise. On PostgreSQL a foreign key takes
    its rows along, which a contract has no word for. DuckDB can neither update a row that a foreign key
    points to nor fill an indexed key as fast as it fills a table: there keys are checked by data tests.
-#}
{% macro postgres__get_table_columns_and_constraints() -%}
    {%- set constraints = [] -%}
    {%- for constraint in adapter.render_raw_model_constraints(raw_constraints=model['constraints']) -%}
        {%- do constraints.append(
            constraint ~ (' on delete cascade' if 'foreign key' in constraint else '')
        ) -%}
    {%- endfor -%}
    {%- set columns = adapter.render_raw_columns_constraints(raw_columns=model['columns']) -%}
    ({{ (columns + constraints) | join(', ') }})
{%- endmacro %}

{% macro duckdb__get_table_columns_and_constraints() -%}
    {%- set columns = {} -%}
    {%- for name, column in model['columns'].items() -%}
        {%- set constraints = [] -%}
        {%- for constraint in column.constraints if constraint.type != 'unique' -%}
            {%- do constraints.append(
                {'type': 'not_null'} if constraint.type == 'primary_key' else constraint
            ) -%}
        {%- endfor -%}
        {%- do columns.update({name: dict(column, constraints=constraints)}) -%}
    {%- endfor -%}
    ({{ adapter.render_raw_columns_constraints(raw_columns=columns) | join(', ') }})
{%- endmacro %}
