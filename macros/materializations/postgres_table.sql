{#-
    dbt's own, except that a table that stands keeps its place, and with it what others made from it: dbt would rename
    a new one to its name and drop the old one. A seed whose file is the one loaded last stays as it is.
-#}
{% materialization table, adapter='postgres', supported_languages=['sql'] %}
    {%- set standing = load_cached_relation(this) -%}
    {%- if standing is none or not standing.is_table
        or get_columns_in_query(sql) != adapter.get_columns_in_relation(standing) | map(attribute='name') | list -%}
        {{ return(dbt.materialization_table_default()) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main') -%}
        delete from {{ standing }};
        insert into {{ standing }} {{ sql }}
    {%- endcall -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do persist_docs(standing, model) -%}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [standing]}) }}
{% endmaterialization %}

{% materialization seed, adapter='postgres' %}
    {%- set standing = load_cached_relation(this) -%}
    {%- if standing is none or flags.FULL_REFRESH
        or known_checksums().get(model.name) != seed_checksum(graph.nodes[model.unique_id]) -%}
        {{ return(dbt.materialization_seed_default()) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- do store_result('agate_table', response='OK', agate_table=load_agate_table()) -%}
    {%- do persist_docs(standing, model) -%}
    {%- call noop_statement('main', 'unchanged') -%}{%- endcall -%}
    {{ adapter.commit() }}
    {{ return({'relations': [standing]}) }}
{% endmaterialization %}
