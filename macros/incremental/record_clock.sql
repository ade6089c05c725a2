{#- Records the clock's move, in the transaction that makes the clock. -#}
{% macro record_clock() -%}
    {{ clock_record() if remembers_builds() }}
{%- endmacro %}

{% macro clock_record() -%}
    insert into {{ runs_relation() }} (
        run_id, build_number, started_at, target, dbt_version, project_version, model,
        as_of_date, first_calculation_date, restated_from
    )
    select
        '{{ invocation_id }}',
        {{ this_build() }},
        {{ instant("'" ~ run_started_at.isoformat() ~ "'") }},
        '{{ target.name }}',
        '{{ dbt_version }}',
        '{{ var('project_version') }}',
        '{{ model.alias }}',
        clock.as_of_date,
        clock.first_calculation_date,
        case
            when clock.first_calculation_date is distinct from before.first_calculation_date
                then date '0001-01-01'
            when clock.as_of_date <> before.as_of_date
                then least(clock.as_of_date, before.as_of_date)
        end
    from {{ this }} as clock
    left join (
        select as_of_date, first_calculation_date
        from {{ runs_relation() }}
        where model = '{{ model.alias }}' and build_number is not null
        order by build_number desc
        limit 1
    ) as before on true
{%- endmacro %}
