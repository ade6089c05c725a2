{% macro check_recompute() -%}
    {%- set faults = [] -%}
    {%- for node in own_nodes() -%}
        {%- for fault in faults_of_meta(node, node.config.get('meta', {})) -%}
            {%- do faults.append(node.name ~ " " ~ fault) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if execute and faults -%}
        {{ exceptions.raise_compiler_error(
            faults | join("; ") ~ ". Correct the meta in dbt_project.yml; macros/operations/check_recompute.sql lists what is allowed."
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro meta_keys() -%}
    {{ return({
        'recompute': ['by', 'column', 'changed_in', 'lookback', 'expires'],
        'audit': ['created', 'updated'],
        'delete_guard': [],
        'indexes': [],
        'statistics_of': [],
        'partition_by': []
    }) }}
{%- endmacro %}

{% macro recompute_keys() -%}
    {{ return({
        'key': [['changed_in'], []],
        'batch': [['column'], []],
        'day': [['column'], ['lookback', 'expires']],
        'month': [['column'], ['lookback', 'expires']],
        'all': [[], []]
    }) }}
{%- endmacro %}

{% macro faults_of_meta(node, meta) -%}
    {%- set faults = [] -%}
    {%- for key, value in meta.items() -%}
        {%- if key not in meta_keys() -%}
            {%- do faults.append("has the unknown meta key " ~ key ~ " (known: " ~ meta_keys() | join(', ') ~ ")") -%}
        {%- elif meta_keys()[key] -%}
            {%- for inner in value if inner not in meta_keys()[key] -%}
                {%- do faults.append("has the unknown meta key " ~ key ~ "." ~ inner ~ " (known: "
                    ~ meta_keys()[key] | join(', ') ~ ")") -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set unit = meta.get('recompute') -%}
    {%- if node.config.materialized != 'incremental' -%}
        {%- if unit -%}
            {%- do faults.append("has meta.recompute, but is not incremental") -%}
        {%- endif -%}
    {%- elif not unit or unit.by not in recompute_keys() -%}
        {%- do faults.append("needs meta.recompute.by, one of "
            ~ recompute_keys() | join(', ')) -%}
    {%- else -%}
        {%- set needed, allowed = recompute_keys()[unit.by] -%}
        {%- for key in needed if key not in unit -%}
            {%- do faults.append("needs recompute." ~ key ~ ", because it is recomputed by " ~ unit.by) -%}
        {%- endfor -%}
        {%- for key in unit if key not in needed + allowed + ['by'] -%}
            {%- do faults.append("has recompute." ~ key ~ ", which has no meaning for by: " ~ unit.by) -%}
        {%- endfor -%}
        {%- for name in unit.get('changed_in', []) if name not in dated_sources() -%}
            {%- do faults.append("has the unknown source table " ~ name ~ " in recompute.changed_in") -%}
        {%- endfor -%}
        {%- if unit.lookback and unit.lookback not in lookbacks() -%}
            {%- do faults.append("has the unknown recompute.lookback " ~ unit.lookback ~ " (known: "
                ~ lookbacks() | join(', ') ~ ")") -%}
        {%- endif -%}
    {%- endif -%}
    {%- set named = [meta.get('partition_by'), (unit or {}).get('column')] -%}
    {%- set named = named + meta.get('statistics_of', []) + meta.get('audit', {}).values() | list -%}
    {%- for column in named if column and column not in node.columns -%}
        {%- do faults.append("has meta of the column " ~ column ~ ", which its YAML does not list") -%}
    {%- endfor -%}
    {{ return(faults) }}
{%- endmacro %}
