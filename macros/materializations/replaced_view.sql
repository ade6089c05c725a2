{#-
    `create or replace view`. dbt's own materialization makes a second view, renames both and drops the first, which
    breaks readers, grants and concurrent builds. A view with other columns than the contract cannot be replaced, so it
    is dropped first.
-#}
{% materialization replaced_view, default, supported_languages=['sql'] %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set standing = load_relation(target_relation) -%}
    {%- if standing is not none -%}
        {%- set columns = adapter.get_columns_in_relation(standing) | map(attribute='name') | list -%}
        {%- if columns != model.columns.keys() | list -%}
            {%- do adapter.drop_relation(standing) -%}
        {%- endif -%}
    {%- endif -%}

    {%- call statement('main') -%}
        create or replace view {{ target_relation }}
        {%- if config.get('contract').enforced %}
        {{ get_assert_columns_equivalent(sql) }}
        {%- endif %}
        as (
            {{ sql }}
        );
    {%- endcall -%}

    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
