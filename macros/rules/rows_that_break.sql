{% macro rows_that_break(constraint, relation, node) -%}
    {%- set columns = quoted_list(constraint.columns) -%}
    {%- if constraint.type == 'not_null' -%}
        {{ relation }} where {{ any_is_null(constraint.columns) }}
    {%- elif constraint.type == 'check' -%}
        {#- Contracts quote names as in standard SQL. -#}
        {{ relation }} where not ({{ constraint.expression | replace('"', adapter.quote('')[0]) }})
    {%- elif constraint.type == 'primary_key' -%}
        (
            select {{ columns }} from {{ relation }} group by {{ columns }}
            having count(*) > 1 or {{ any_is_null(constraint.columns) }}
        ) as broken_keys
    {%- elif constraint.type == 'unique' -%}
        (
            select {{ columns }} from {{ relation }} where not ({{ any_is_null(constraint.columns) }})
            group by {{ columns }} having count(*) > 1
        ) as broken_keys
    {%- elif constraint.type == 'foreign_key' -%}
        {{ relation }} as children
        where
            not ({{ any_is_null(constraint.columns) }})
            and not exists (
                select 1 from {{ referenced_relation(constraint, node) }} as parents
                where
                    {%- for column in constraint.to_columns %}
                    {{ 'and ' if not loop.first }}parents.{{ adapter.quote(column) }}
                    = children.{{ adapter.quote(constraint.columns[loop.index0]) }}
                    {%- endfor %}
            )
    {%- endif -%}
{%- endmacro %}

{% macro any_is_null(columns) -%}
    {%- for column in columns -%}
        {{ adapter.quote(column) }} is null{{ ' or ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro referenced_relation(constraint, node) -%}
    {%- set parent = referenced_node(constraint, node) -%}
    {%- set is_built = adapter.get_relation(parent.database, parent.schema, parent.alias) is not none -%}
    {{ return(
        parent.relation_name if is_built or not parent.defer_relation
        else parent.defer_relation.relation_name
    ) }}
{%- endmacro %}

{% macro referenced_node(constraint, node) -%}
    {#- dbt puts the relation into `to` when it compiles the node; before, the ref is there as written. -#}
    {%- for unique_id in node.depends_on.nodes if unique_id in graph.nodes -%}
        {%- set parent = graph.nodes[unique_id] -%}
        {%- if "'" ~ parent.name ~ "'" in constraint.to
            or constraint.to in [parent.relation_name, (parent.defer_relation or {}).relation_name] -%}
            {{ return(parent) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
