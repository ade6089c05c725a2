{% macro comparable_version(table) -%}
    {%- set staging = latest_version_of('stg_tutormax__' ~ table) -%}
    {%- set dated = dated_sources()[table] -%}
    {%- set needed = [dated.key, dated.by] + (dated.instants if not dated.of else []) -%}
    {%- set found = {} -%}
    {%- for node in versions_of(table) -%}
        {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
        {%- set columns = node.columns.keys() | select('in', staging.columns) | list -%}
        {%- if relation is not none and node.version is not none -%}
            {#- A version may have other types than staging, and values of them cannot be compared. -#}
            {%- set columns = columns_of_same_type(relation, staging) | select('in', columns) | list -%}
        {%- endif -%}
        {%- if relation is not none and not needed | select | reject('in', columns) | list
            and columns | length >= found.columns | length
            and (not dated.of or comparable_version(dated.of)) -%}
            {%- do found.update({
                'relation': relation,
                'columns': columns,
                'is_whole': columns | length == node.columns | length
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{% macro columns_of_same_type(relation, node) -%}
    {%- set other = adapter.get_relation(node.database, node.schema, node.alias) -%}
    {%- if other is none -%}
        {#- What this build leaves out is read where dbt defers to. -#}
        {%- set other = ref(node.name) -%}
    {%- endif -%}
    {%- set types = {} -%}
    {%- for column in adapter.get_columns_in_relation(other) -%}
        {%- do types.update({column.name: 'text' if column.is_string() else column.dtype}) -%}
    {%- endfor -%}
    {%- set same = [] -%}
    {%- for column in adapter.get_columns_in_relation(relation)
        if types.get(column.name) == ('text' if column.is_string() else column.dtype) -%}
        {%- do same.append(column.name) -%}
    {%- endfor -%}
    {{ return(same) }}
{%- endmacro %}
