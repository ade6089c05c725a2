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

{#- Only of tutors who are active on the date still. -#}
{% macro kept_predictions() -%}
    {%- set scored = scored_predictions() -%}
    {%- if scored -%}
    union all
    select
        kept.prediction_id,
        kept.tutor_id,
        kept.prediction_date,
        kept.churn_score,
        kept.risk_level,
        kept.window_1day_probability,
        kept.window_7day_probability,
        kept.window_30day_probability,
        kept.window_90day_probability,
        kept.contributing_factors,
        kept.model_version,
        {{ audit_now() }} as created_at,
        {{ audit_now() }} as updated_at,
        cast(to_score.days_since_last_session as integer) as silent_days
    from {{ scored }} as kept
    inner join to_score
        on
            kept.tutor_id = to_score.tutor_id
            and kept.prediction_date = {{ utc_midnight('to_score.prediction_day') }}
    where kept.model_version not in (select coefficients.model_version from coefficients)
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
