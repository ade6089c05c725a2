{#-
    dbt truncates a standing seed, whatever its columns. One with other columns or types is made again, another one
    emptied so that its readers need not wait.
-#}
{% macro default__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {%- if model.package_name != 'tutormax' -%}
        {{ return(dbt.default__reset_csv_table(model, full_refresh, old_relation, agate_table)) }}
    {%- endif -%}
    {%- set columns = {} -%}
    {%- for name in agate_table.column_names -%}
        {%- set type = model.config.column_types.get(name, adapter.convert_type(agate_table, loop.index0)) -%}
        {%- do columns.update({name: {'name': name, 'data_type': type}}) -%}
    {%- endfor -%}
    {%- if full_refresh or seed_checksum(graph.nodes[model.unique_id]) != known_checksums().get(model.name) -%}
        {%- set standing, needed = types_of(old_relation), contract_types({'columns': columns}) -%}
        {%- set changed = standing.keys() | reject('in', needed) | list -%}
        {%- for name, type in needed.items() if type_change(standing.get(name, ''), type | lower) != 'none' -%}
            {%- do changed.append(name) -%}
        {%- endfor -%}
        {%- if changed -%}
            {%- do adapter.drop_relation(old_relation) -%}
            {{ return(create_csv_table(model, agate_table)) }}
        {%- endif -%}
    {%- endif -%}
    {%- do run_in_transaction('delete from ' ~ old_relation) -%}
    {{ return('delete from ' ~ old_relation) }}
{%- endmacro %}
