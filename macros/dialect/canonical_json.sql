{% macro canonical_json(column, where) -%}
    {{ return(adapter.dispatch('canonical_json', 'tutormax')(column, where)) }}
{%- endmacro %}

{% macro default__canonical_json(column, where) -%}
    {{ column }}
{%- endmacro %}

{#- Every value on a line of its own, with its path: the order of the keys is then that of the paths. -#}
{% macro duckdb__canonical_json(column, where) -%}
    (
        select
            string_agg(
                fullkey || ' ' || case
                    when type in ('OBJECT', 'ARRAY') then type
                    when type in ('UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE')
                        then coalesce(
                            try_cast(try_cast(atom as varchar) as decimal(38, 9))::varchar,
                            try_cast(atom as double)::varchar
                        )
                    when type = 'VARCHAR' then '"' || (atom ->> '$')
                    else coalesce(atom::varchar, 'null')
                end,
                chr(10) order by fullkey
            )
        from json_tree(case when {{ where }} then {{ column }}::json end)
    )
{%- endmacro %}

{% macro postgres__canonical_json(column, where) -%}
    case when {{ where }} then (
        with recursive tree as (
            select
                '$' as path,
                {{ column }} as value
            union all
            select
                tree.path || inner_values.step as path,
                inner_values.value
            from tree
            cross join lateral (
                select
                    '.' || case
                        when key ~ '^[A-Za-z][A-Za-z0-9_]*$' then key
                        else '"' || replace(replace(key, '\', '\\'), '"', '\"') || '"'
                    end as step,
                    value
                from jsonb_each(case when jsonb_typeof(tree.value) = 'object' then tree.value end)
                union all
                select
                    '[' || place - 1 || ']' as step,
                    value
                from jsonb_array_elements(
                    case when jsonb_typeof(tree.value) = 'array' then tree.value end
                ) with ordinality as elements (value, place)
            ) as inner_values
        )

        select
            string_agg(
                path || ' ' || case jsonb_typeof(value)
                    when 'object' then 'OBJECT'
                    when 'array' then 'ARRAY'
                    when 'number'
                        then case
                            when abs(value::numeric) < 1e29 then round(value::numeric, 9)::text
                            when abs(value::numeric) < 1e308 then value::double precision::text
                            when value::numeric < 0 then '-inf'
                            else 'inf'
                        end
                    when 'string' then '"' || (value #>> '{}')
                    else value::text
                end,
                chr(10) order by path collate "C"
            )
        from tree
        where value is not null
    ) end
{%- endmacro %}
