{#- Of all tutors, or of those that the condition on rows of staging selects. -#}
{% macro agreed_paces(staging, condition='true') -%}
    -- A version takes effect when it arrives, unless one that arrived before was updated later.
    with

    versions as (
        select
            record_key as tutor_id,
            loaded_at,
            cast(baseline_sessions_per_week as {{ type_double() }}) as agreed_sessions_per_week,
            max(case when is_accepted then {{ utc_day('onboarding_date') }} end) over (
                partition by record_key
            ) as onboarding_day,
            row_number() over (
                partition by record_key
                order by
                    case when is_accepted then 0 else 1 end,
                    updated_at desc nulls last,
                    loaded_at desc,
                    baseline_sessions_per_week nulls last
            ) as place
        from {{ staging }} as versions_of_tutors
        where (is_accepted or {{ text_array_contains('reasons', 'superseded') }}) and {{ condition }}
    ),

    arrived as (
        select
            *,
            min(place) over so_far as best_place,
            case
                when loaded_at > min(loaded_at) over so_far then {{ add_days(utc_day('loaded_at'), 1) }}
            end as known_from
        from versions
        window so_far as (
            partition by tutor_id
            order by loaded_at, place desc
            rows between unbounded preceding and current row
        )
    ),

    dated as (
        select
            *,
            case when known_from > onboarding_day then known_from else onboarding_day end as first_day
        from arrived
        where place = best_place and onboarding_day is not null
    ),

    last_of_day as (
        select
            *,
            row_number() over (partition by tutor_id, first_day order by place) as place_of_day
        from dated
    ),

    compared as (
        select
            *,
            lag(agreed_sessions_per_week) over by_day as agreed_before,
            lag(first_day) over by_day as day_before
        from last_of_day
        where place_of_day = 1
        window by_day as (partition by tutor_id order by first_day)
    )

    select
        tutor_id,
        first_day,
        coalesce(lead(first_day) over (partition by tutor_id order by first_day), date '9999-12-31') as next_first_day,
        agreed_sessions_per_week
    from compared
    where day_before is null or agreed_sessions_per_week is distinct from agreed_before
{%- endmacro %}
