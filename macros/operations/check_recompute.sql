{% macro check_recompute() -%}
    {%- set faults = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
        {%- for fault in faults_of_meta(node, node.config.get('meta', {})) -%}
            {%- do faults.append("The meta of " ~ node.name ~ " " ~ fault) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if execute and faults -%}
        {{ exceptions.raise_compiler_error(
            faults | join("; ") ~ ". Mend it in dbt_project.yml; macros/recompute/recompute.sql has the words."
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
            {%- do faults.append("has the key " ~ key ~ ", which is none of " ~ meta_keys() | join(', ')) -%}
        {%- elif meta_keys()[key] -%}
            {%- for inner in value if inner not in meta_keys()[key] -%}
                {%- do faults.append("has the key " ~ key ~ "." ~ inner ~ ", which is none of "
                    ~ meta_keys()[key] | join(', ')) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set unit = meta.get('recompute') -%}
    {%- if node.config.materialized != 'incremental' -%}
        {%- if unit -%}
            {%- do faults.append("says recompute, but its table is made anew by every build") -%}
        {%- endif -%}
    {%- elif not unit or unit.by not in recompute_keys() -%}
        {%- do faults.append("does not say by what it is recomputed: recompute.by is one of "
            ~ recompute_keys() | join(', ')) -%}
    {%- else -%}
        {%- set needed, allowed = recompute_keys()[unit.by] -%}
        {%- for key in needed if key not in unit -%}
            {%- do faults.append("lacks recompute." ~ key ~ ", which by: " ~ unit.by ~ " needs") -%}
        {%- endfor -%}
        {%- for key in unit if key not in needed + allowed + ['by'] -%}
            {%- do faults.append("says recompute." ~ key ~ ", which by: " ~ unit.by ~ " does not know") -%}
        {%- endfor -%}
        {%- for name in unit.get('changed_in', []) if name not in dated_sources() -%}
            {%- do faults.append("names the source table " ~ name ~ ", which does not exist") -%}
        {%- endfor -%}
        {%- if unit.lookback and unit.lookback not in lookbacks() -%}
            {%- do faults.append("looks back by " ~ unit.lookback ~ ", which is none of "
                ~ lookbacks() | join(', ')) -%}
        {%- endif -%}
    {%- endif -%}
    {%- set named = [meta.get('partition_by'), (unit or {}).get('column')] -%}
    {%- set named = named + meta.get('statistics_of', []) + meta.get('audit', {}).values() | list -%}
    {%- for column in named if column and column not in node.columns -%}
        {%- do faults.append("names the column " ~ column ~ ", which it does not have") -%}
    {%- endfor -%}
    {{ return(faults) }}
{%- endmacro %}
