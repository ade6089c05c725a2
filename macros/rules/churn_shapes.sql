{% macro most_knots() -%}
    {{ return(5) }}
{%- endmacro %}

{% macro pivot_shapes() -%}
    {%- set features = ['intercept'] + churn_features().keys() | list -%}
    {%- set segments = range(1, most_knots()) -%}
    select
        model_version
        {%- for feature in churn_features() %}
        {%- set place = loop.index + 1 %}
        {%- for segment in segments %},
        {{ array_element('froms_' ~ segment, place) }} as from_{{ segment }}_{{ feature }},
        {{ array_element('widths_' ~ segment, place) }} as width_{{ segment }}_{{ feature }}
        {%- endfor %}
        {%- endfor %}
        {%- for interval in range(churn_intervals() | length) %}
        {%- for feature in features %}
        {%- set place = interval * features | length + loop.index %},
        {{ array_element('unknowns', place) }} as {{ 'intercept_' ~ interval if loop.first else
            'unknown_' ~ interval ~ '_' ~ feature }}
        {%- if not loop.first %},
        {{ array_element('firsts', place) }} as first_{{ interval }}_{{ feature }}
        {%- for segment in segments %},
        {{ array_element('slopes_' ~ segment, place) }} as slope_{{ interval }}_{{ segment }}_{{ feature }}
        {%- endfor %}
        {%- endif %}
        {%- endfor %}
        {%- endfor %}
    from (
        select
            versions.model_version,
            {{ ordered_array('coalesce(shapes.unknown, 0)', 'places.place') }} as unknowns,
            {{ ordered_array('coalesce(shapes.first_value, 0)', 'places.place') }} as firsts
            {%- for segment in segments %},
            {{ ordered_array('coalesce(shapes.from_' ~ segment ~ ', 0)', 'places.place') }} as froms_{{ segment }},
            {{ ordered_array('coalesce(shapes.width_' ~ segment ~ ', 0)', 'places.place') }} as widths_{{ segment }},
            {{ ordered_array('coalesce(shapes.slope_' ~ segment ~ ', 0)', 'places.place') }} as slopes_{{ segment }}
            {%- endfor %}
        from (select distinct model_version from coefficients) as versions
        cross join (
            values
            {%- for start, end in churn_intervals() %}
            {%- set interval = loop.index0 %}
            {%- set is_last_interval = loop.last %}
            {%- for feature in features %}
            ({{ start }}, '{{ feature }}', {{ interval * features | length + loop.index }})
            {{- ',' if not (is_last_interval and loop.last) }}
            {%- endfor %}
            {%- endfor %}
        ) as places (interval_start, feature, place)
        left join (
            select
                model_version,
                interval_start,
                feature,
                max(case when knot is null then coefficient end) as unknown,
                max(case when number = 1 then coefficient end) as first_value
                {%- for segment in segments %},
                max(case when number = {{ segment }} then knot end) as from_{{ segment }},
                max(case when number = {{ segment }} then next_knot - knot end) as width_{{ segment }},
                max(case
                    when number = {{ segment }}
                        then (next_coefficient - coefficient) / nullif(next_knot - knot, 0)
                end) as slope_{{ segment }}
                {%- endfor %}
            from (
                select
                    *,
                    case when knot is not null then row_number() over by_knot end as number,
                    lead(knot) over by_knot as next_knot,
                    lead(coefficient) over by_knot as next_coefficient
                from coefficients
                window by_knot as (partition by model_version, interval_start, feature order by knot nulls last)
            ) as numbered
            group by model_version, interval_start, feature
        ) as shapes
            on
                versions.model_version = shapes.model_version
                and places.interval_start = shapes.interval_start
                and places.feature = shapes.feature
        group by versions.model_version
    ) as gathered
{%- endmacro %}

{#- Null without a value, so that what an unknown one adds is read off the first segment. -#}
{% macro within_segments(feature) -%}
    {%- for segment in range(1, most_knots()) %}
    case
        when to_score.{{ feature }} is not null then least(
            greatest(to_score.{{ feature }} - weights.from_{{ segment }}_{{ feature }}, 0),
            weights.width_{{ segment }}_{{ feature }}
        )
    end as {{ feature }}_{{ segment }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro group_log_odds(interval, group) -%}
    {%- for feature, factor_group in churn_features().items() if factor_group == group %}
        {{ '+ ' if not loop.first -}}
        case
            when measured.{{ feature }}_1 is null then weights.unknown_{{ interval }}_{{ feature }}
            else
                weights.first_{{ interval }}_{{ feature }}
                {%- for segment in range(1, most_knots()) %}
                + weights.slope_{{ interval }}_{{ segment }}_{{ feature }} * measured.{{ feature }}_{{ segment }}
                {%- endfor %}
        end
    {%- endfor -%}
{%- endmacro %}

{% macro log_odds(interval) -%}
    intercept_{{ interval }}
    {%- for group in churn_factor_groups() %} + {{ group }}_{{ interval }}{% endfor %}
{%- endmacro %}

{% macro logistic(log_odds) -%}
    1 / (1 + exp(-least(greatest({{ log_odds }}, -40), 40)))
{%- endmacro %}
