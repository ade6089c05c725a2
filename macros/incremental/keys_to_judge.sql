{#-
    A select of the keys of a raw table that must be judged in this build, as record_key: those that
    arrived since the last build, and those whose parent has been judged otherwise since.

    `parents` maps a parent's key to the reason that its absence gives: a row is judged again if it has
    the reason and the parent is accepted now, or the other way round. `related` names a parent whose
    every change matters. `claim` draws in, link by link, the keys that compete for the same claim.
-#}
{% macro keys_to_judge(table, key, parents={}, related=none, claim=none) -%}
    {%- if is_unit_test() or not is_incremental() -%}
        select cast(null as {{ dbt.type_string() }}) as record_key
        where false
    {%- else -%}
        {%- set competing = claim is not none -%}
        with {{ 'recursive ' if competing }}first_keys as (
            select coalesce({{ key }}, '') as record_key
            from {{ source('raw', table) }}
            where
                {{ since_last_build() }} >= 0
                and {{ var('loaded_at_column') }} > (
                    select max(loaded_through)
                    from {{ plan_relation() }}
                    where source_table = '{{ table }}' and build_number = {{ since_last_build() }}
                )
            {%- for parent, relation in parents.items() %}
            union
            select judged.record_key
            from {{ this }} as judged
            inner join (
                select {{ parent }}, bool_or(is_accepted) as is_accepted
                from {{ relation }}
                where {{ parent }} in (
                    select {{ parent }} from {{ relation }} where built_in > {{ since_last_build() }}
                )
                group by {{ parent }}
            ) as parents on judged.{{ parent }} = parents.{{ parent }}
            where
                {{ since_last_build() }} >= 0
                and parents.is_accepted
                = {{ text_array_contains('judged.violations', parent | replace('_id', '') ~ '_not_accepted') }}
            {%- endfor %}
            {%- if related is not none %}
            union
            select judged.record_key
            from {{ this }} as judged
            where judged.{{ related.key }} in (
                select {{ related.key }} from {{ related.relation }} where built_in > {{ since_last_build() }}
            )
            {%- endif %}
        )

        {%- if not competing %}
        select record_key from first_keys
        {%- else %},

        competing as (
            select record_key from first_keys
            union
            select rivals.record_key
            from competing
            inner join {{ source('raw', table) }} as own on competing.record_key = own.{{ key }}
            inner join {{ source('raw', table) }} as rivals_raw on own.{{ claim }} = rivals_raw.{{ claim }}
            cross join lateral (select coalesce(rivals_raw.{{ key }}, '') as record_key) as rivals
        )

        select record_key from competing
        {%- endif %}
    {%- endif -%}
{%- endmacro %}

{#- The rows of raw that this build judges: those the plan saw, of the keys in `keys_to_judge`. -#}
{% macro is_to_judge(table, key) -%}
    {%- if is_unit_test() or not is_incremental() -%}
        {#- There are none, so all rows are. -#}
        coalesce({{ key }}, '') not in (select record_key from keys_to_judge)
    {%- else -%}
        {{ var('loaded_at_column') }} <= (
            select max(loaded_through)
            from {{ plan_relation() }}
            where source_table = '{{ table }}' and build_number = {{ this_build() }}
        )
        and (
            {{ since_last_build() }} = -1
            or coalesce({{ key }}, '') in (select record_key from keys_to_judge)
        )
    {%- endif -%}
{%- endmacro %}
