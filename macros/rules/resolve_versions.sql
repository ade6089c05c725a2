{% macro resolve_versions(relation, table, key, updated=none, claim=none) -%}
    {%- set order_by = version_order(table, updated) -%}
    {%- set documents = json_columns(table) -%}
    {{ comparable_documents(relation, documents) if documents }}

    numbered as (
        select
            *,
            rule_violations = {{ text_array([]) }} as is_valid,
            row_number() over (
                partition by record_key, loaded_at
                order by {{ order_by | join(', ') }}
            ) as duplicate_number
        from {{ 'comparable' if documents else relation }}
    ),

    ranked as {{ evaluate_once() if claim is not none }} (
        select
            *,
            row_number() over (
                partition by record_key, is_valid
                order by {{ order_by | join(', ') }}, duplicate_number
            ) as version_rank
        from numbered
    ),

    {% if claim is none -%}
    settled as (
        select
            *,
            case
                when not is_valid then null
                when version_rank = 1 then 'accepted'
                else 'superseded'
            end as verdict
        from ranked
    )
    {%- else -%}
    claims as (
        select
            {{ key }},
            {{ claim }} as claim,
            min(loaded_at) as claimed_at,
            min(version_rank) as version_rank
        from ranked
        where is_valid
        group by 1, 2
    ),

    first_round as (
        select
            *,
            row_number() over (partition by claim order by claimed_at, {{ by_code_point(key) }}) as place
        from claims
        where version_rank = 1
    ),

    -- `not exists` rather than a filter on place: planners would expect far too few rows.
    fallbacks as (
        select
            claims.*,
            row_number() over (
                partition by claims.{{ key }} order by claims.version_rank
            ) as fallback_rank
        from claims
        inner join first_round as lost on claims.{{ key }} = lost.{{ key }} and lost.place > 1
        where not exists (select 1 from first_round as held where held.claim = claims.claim)
    ),

    second_round as (
        select
            *,
            row_number() over (partition by claim order by claimed_at, {{ by_code_point(key) }}) as place
        from fallbacks
        where fallback_rank = 1
    ),

    won as (
        select {{ key }}, version_rank from first_round where place = 1
        union all
        select {{ key }}, version_rank from second_round where place = 1
    ),

    settled as (
        select
            ranked.*,
            case
                when not ranked.is_valid then null
                when ranked.version_rank = won.version_rank then 'accepted'
                when ranked.version_rank > won.version_rank then 'superseded'
                else 'taken'
            end as verdict
        from ranked
        left join won on ranked.{{ key }} = won.{{ key }}
    )
    {%- endif %}
{%- endmacro %}
