{% macro standing_versions() -%}
    {%- set scored = scored_predictions() -%}
    {%- if not scored -%}
        select
            {{ instant('null') }} as prediction_date,
            cast(null as varchar(50)) as model_version
        where false
    {%- else -%}
        select
            prediction_date,
            min({{ by_code_point('model_version') }}) as model_version
        from {{ scored }}
        group by prediction_date
    {%- endif -%}
{%- endmacro %}

{% macro scored_predictions() -%}
    {%- if is_unit_test() or not execute or flags.FULL_REFRESH -%}
        {{ return(none) }}
    {%- elif is_incremental() -%}
        {{ return(this) }}
    {%- endif -%}
    {#- A new version of the model keeps what another one said. -#}
    {%- for node in versions_of(model.name) if not ['prediction_date', 'model_version'] | reject('in', node.columns) | list -%}
        {%- set standing = adapter.get_relation(node.database, node.schema, node.alias) -%}
        {%- if standing is not none -%}
            {{ return(standing) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
