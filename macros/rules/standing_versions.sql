{% macro standing_versions() -%}
    {%- if is_unit_test() or not is_incremental() or flags.FULL_REFRESH -%}
        select
            {{ instant('null') }} as prediction_date,
            cast(null as varchar(50)) as model_version
        where false
    {%- else -%}
        select
            prediction_date,
            min({{ by_code_point('model_version') }}) as model_version
        from {{ this }}
        group by prediction_date
    {%- endif -%}
{%- endmacro %}
