{% macro count_cascaded(target_table, key, doomed) -%}
    {{ return(adapter.dispatch('count_cascaded', 'tutormax')(target_table, key, doomed)) }}
{%- endmacro %}

{% macro default__count_cascaded(target_table, key, doomed) -%}
{%- endmacro %}

{% macro postgres__count_cascaded(target_table, key, doomed) -%}
    {%- set counts = kept_for_the_run('cascaded') -%}
    {%- for node in own_nodes() -%}
        {%- for constraint in node.constraints
            if constraint.type == 'foreign_key'
            and referenced_node(constraint, node).unique_id == model.unique_id
            and adapter.get_relation(node.database, node.schema, node.alias) -%}
            {%- set count = run_query(
                'select count(*) from ' ~ node.relation_name ~ ' where ' ~ quoted_list(constraint.columns)
                ~ ' in (select target_rows.' ~ key ~ ' from ' ~ target_table ~ ' as target_rows where ' ~ doomed ~ ')'
            ).rows[0][0] | int -%}
            {%- do counts.update({node.alias: counts.get(node.alias, 0) + count}) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
