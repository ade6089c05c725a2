{#- The first prediction date that is kept: `prediction_years` before the last calculation date. -#}
{% macro kept_from(as_of_date) -%}
    cast({{ as_of_date }} - interval '{{ var('prediction_years') }} years' as date)
{%- endmacro %}

{#-
    True for the prediction days that this build restates, of those that are kept: also days that the
    build before had let go already, if the clock has been put back since.
-#}
{% macro is_restated_or_back(prediction_day) -%}
    {%- if is_unit_test() or not is_incremental() or since_last_build() == -1 -%}
        true
    {%- else -%}
        (
            {{ is_restated(prediction_day) }}
            or {{ prediction_day }} < (
                select {{ kept_from('max(as_of_date)') }}
                from {{ runs_relation() }}
                where
                    model = 'int_activity__clock_bounded'
                    and build_number = (
                        select max(build_number)
                        from {{ runs_relation() }}
                        where model = 'int_activity__clock_bounded' and build_number <= {{ since_last_build() }}
                    )
            )
        )
    {%- endif -%}
{%- endmacro %}

{#- True for dates in a table that are not kept any more. -#}
{% macro has_aged_out(prediction_date) -%}
    coalesce(
        {{ prediction_date }} < (
            select {{ utc_midnight(kept_from('as_of_date')) }} from {{ ref('int_activity__clock_bounded') }}
        ), false
    )
{%- endmacro %}
