{% macro canonical_json(column, where) -%}
    {{ return(adapter.dispatch('canonical_json', 'tutormax')(column, where)) }}
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

{#- Spark has no recursion: a fold over the tokens, with the paths of the open objects and arrays, innermost first. -#}
{% macro spark__canonical_json(column, where) -%}
    {%- set text = "get_json_object(regexp_replace(token, ':$', ''), '$')" -%}
    {%- set is_key = "token like '\"%:'" -%}
    {%- set outer = "get(state.outer, 0)" -%}
    {%- set is_next_element = "token = ',' and " ~ outer ~ ".place is not null" -%}
    case when {{ where }} then aggregate(
        regexp_extract_all({{ column }}, r'"(?:[^"\\]|\\.)*"(?:\s*:)?|[\[\]{},]|[^"\[\]{},\s]+', 0),
        cast(
            named_struct('path', '$', 'outer', array(), 'lines', array())
            as struct<
                path: string,
                outer: array<struct<path: string, place: int>>,
                lines: array<struct<path: string, value: string>>
            >
        ),
        (state, token) -> named_struct(
            'path', case
                when token = '[' then state.path || '[0]'
                when {{ is_next_element }} then {{ outer }}.path || '[' || ({{ outer }}.place + 1) || ']'
                when {{ is_key }}
                    then {{ outer }}.path || '.' || case
                        when {{ text }} rlike '^[A-Za-z][A-Za-z0-9_]*$' then {{ text }}
                        else '"' || replace(replace({{ text }}, r'\', r'\\'), '"', r'\"') || '"'
                    end
                else state.path
            end,
            'outer', case
                when token in ('{', '[')
                    then array(named_struct('path', state.path, 'place', if(token = '[', 0, null))) || state.outer
                when token in ('}', ']') then slice(state.outer, 2, size(state.outer))
                when {{ is_next_element }}
                    then array(named_struct('path', {{ outer }}.path, 'place', {{ outer }}.place + 1))
                        || slice(state.outer, 2, size(state.outer))
                else state.outer
            end,
            'lines', case
                when token in ('}', ']', ',') or {{ is_key }} then state.lines
                else state.lines || array(named_struct('path', state.path, 'value', case
                    when token = '{' then 'OBJECT'
                    when token = '[' then 'ARRAY'
                    when token like '"%' then '"' || {{ text }}
                    when token in ('true', 'false', 'null') then token
                    else coalesce(
                        format_number(try_cast(token as decimal(38, 9)), '0.000000000'),
                        replace(regexp_replace(cast(try_cast(token as double) as string), r'(\.0)?E', 'e+'), 'Infinity', 'inf')
                    )
                end))
            end
        ),
        state -> array_join(transform(array_sort(state.lines), line -> line.path || ' ' || line.value), char(10))
    ) end
{%- endmacro %}
