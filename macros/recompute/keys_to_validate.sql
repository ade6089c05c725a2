{% macro keys_to_validate(table, key, parents={}, related=none, claim=none) -%}
    {%- if is_everything_recomputed() -%}
        select cast(null as {{ dbt.type_string() }}) as record_key
        where false
    {%- else -%}
        {%- set first_keys -%}
            select coalesce({{ key }}, '') as record_key
            from {{ raw_rows(table) }}
            where
                _loaded_at > {{ instant("'" ~ this_run().before[table] ~ "'") }}
            {%- for parent, relation in parents.items() %}
            union
            select judged.record_key
            from {{ this }} as judged
            inner join (
                select {{ parent }}, bool_or(is_accepted) as is_accepted
                from {{ relation }}
                where {{ parent }} in (
                    select {{ parent }} from {{ relation }} where changed_in_build > {{ since_build() }}
                )
                group by {{ parent }}
            ) as parents on judged.{{ parent }} = parents.{{ parent }}
            where
                parents.is_accepted
                = {{ text_array_contains('judged.reasons', parent | replace('_id', '') ~ '_not_accepted') }}
            {%- endfor %}
            {%- if related is not none %}
            union
            select judged.record_key
            from {{ this }} as judged
            where judged.{{ related.key }} in (
                select {{ related.key }} from {{ related.relation }} where changed_in_build > {{ since_build() }}
            )
            {%- endif %}
        {%- endset -%}
        {{ first_keys if claim is none else keys_with_rivals(first_keys, table, key, claim) }}
    {%- endif -%}
{%- endmacro %}

{% macro keys_with_rivals(first_keys, table, key, claim) -%}
    {%- set most_links = 20 -%}
    {%- set chain = namespace(ctes='keys_0 as (' ~ first_keys ~ ')', keys=none) -%}
    {%- for link in range(most_links) if chain.keys is none -%}
        {%- set rivals -%}
            keys_{{ link + 1 }} as (
                select record_key from keys_{{ link }}
                union
                select coalesce({{ key }}, '') as record_key
                from {{ raw_rows(table) }}
                where {{ claim }} in (
                    select {{ claim }}
                    from {{ raw_rows(table) }}
                    where {{ key }} in (select record_key from keys_{{ link }})
                )
            )
        {%- endset -%}
        {%- set before, after = run_query(
            'with ' ~ chain.ctes ~ ',\n' ~ rivals ~ '\nselect (select count(distinct record_key) from keys_' ~ link
            ~ '), (select count(*) from keys_' ~ (link + 1) ~ ')'
        ).rows[0].values() -%}
        {%- if before == after -%}
            {%- set chain.keys = 'with ' ~ chain.ctes ~ '\nselect record_key from keys_' ~ link -%}
        {%- endif -%}
        {%- set chain.ctes = chain.ctes ~ ',\n' ~ rivals -%}
    {%- endfor -%}
    {{ chain.keys or "select coalesce(" ~ key ~ ", '') as record_key from " ~ raw_rows(table) }}
{%- endmacro %}

{% macro is_row_to_validate(table, key) -%}
    {%- if is_unit_test() or not this_run() -%}
        {#- keys_to_validate is empty here, so this selects all rows. -#}
        coalesce({{ key }}, '') not in (select record_key from keys_to_validate)
    {%- else -%}
        _loaded_at <= {{ instant("'" ~ this_run().through[table] ~ "'") }}
        {%- if not is_everything_recomputed() %}
        and coalesce({{ key }}, '') in (select record_key from keys_to_validate)
        {%- endif %}
    {%- endif -%}
{%- endmacro %}
