{% macro resolve_versions(relation, table, key, updated=none, claim=none) -%}
    {%- set order_by = [] -%}
    {%- set documents = [] -%}
    {%- if updated is not none %}{% do order_by.append(updated ~ ' desc nulls last') %}{% endif -%}
    {%- do order_by.append('loaded_at desc') -%}
    {#- Includes the key: a missing one may be null or empty. -#}
    {%- for column in source_columns()[table] | default([]) if column.name != updated -%}
        {%- set type = (column.data_type or '').split('(')[0] -%}
        {%- set compared = column.name -%}
        {%- if type in ('text', 'varchar', 'varchar[]') -%}
            {%- set compared = by_code_point(column.name) -%}
        {%- elif type == 'jsonb' -%}
            {%- do documents.append(column.name) -%}
            {%- set compared = by_code_point('canonical_' ~ column.name) -%}
        {%- endif -%}
        {%- do order_by.append(compared ~ ' nulls last') -%}
    {%- endfor -%}

    {% if documents -%}
    -- To put documents in order takes long, and few keys have several versions.
    repeated as (
        select
            *,
            count(*) over (partition by record_key) > 1 as has_versions
        from {{ relation }}
    ),

    comparable as (
        select
            *{% for document in documents %},
            {{ canonical_json(document, where='has_versions') }} as canonical_{{ document }}
            {%- endfor %}
        from repeated
    ),

    {% set relation = 'comparable' -%}
    {% endif -%}
    numbered as (
        select
            *,
            cardinality(rule_violations) = 0 as is_valid,
            row_number() over (
                partition by record_key, loaded_at
                order by {{ order_by | join(', ') }}
            ) as duplicate_number
        from {{ relation }}
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
