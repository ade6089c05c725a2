{#-
    Of the rows of `relation` that break no rule (`rule_violations` empty), which version of each key
    counts? Adds to each row `verdict`: accepted, superseded (a valid version that does not count),
    taken (its claim belongs to another key), or null for a row that breaks a rule;
    and `copy_number`, which tells apart the rows of a key that arrived together.

    The latest version counts: by the column `updated` where the table has one, then by arrival; a last
    tie is broken by the whole row, so that the order of rows in raw never matters.

    `claim` names an expression that only one key may hold (an email, a feedback's session): the key
    that first arrived with it keeps it. A key that loses falls back once on its latest version whose
    claim nobody won: a bad correction never costs the good row it meant to replace.
-#}
{% macro settled_versions(relation, table, key, updated=none, claim=none) -%}
    {%- set columns = source_columns()[table] | default([]) | map(attribute='name') | list -%}
    {%- set order_by = [] -%}
    {%- if updated is not none %}{% do order_by.append(updated ~ ' desc nulls last') %}{% endif -%}
    {%- do order_by.append('loaded_at desc') -%}
    {#- The key too: a missing one may be null or empty. -#}
    {%- for column in columns if column != updated -%}
        {%- do order_by.append(column ~ ' nulls last') -%}
    {%- endfor -%}

    numbered as (
        select
            *,
            cardinality(rule_violations) = 0 as is_valid,
            row_number() over (
                partition by record_key, loaded_at
                order by {{ order_by | join(', ') }}
            ) as copy_number
        from {{ relation }}
    ),

    ranked as {{ materialized() if claim is not none }} (
        select
            *,
            row_number() over (
                partition by record_key, is_valid
                order by {{ order_by | join(', ') }}, copy_number
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
            row_number() over (partition by claim order by claimed_at, {{ key }}) as place
        from claims
        where version_rank = 1
    ),

    -- Every claim of the first round is held by one key: asked so, no planner takes those held for few.
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
            row_number() over (partition by claim order by claimed_at, {{ key }}) as place
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
