{#-
    A select of one row: how many rows the published table of a source has, and how many of them are not
    accepted any more. It looks at the keys that the published table has yet to take over.
-#}
{% macro removals(table, key, staging) -%}
    {%- set last_build = since_last_build(of=table) -%}
    {%- set published = adapter.get_relation(target.database or none, generate_schema_name('tutormax', none), table) -%}
    select
        '{{ table }}' as source_table,
        {% if is_unit_test() or published is none -%}
            cast(0 as bigint) as rows_published,
            cast(0 as bigint) as rows_removed
        {%- else -%}
            (select count(*) from {{ published }}) as rows_published,
            (
                select count(*)
                from {{ published }} as published
                where
                    {%- if last_build != -1 %}
                    published.{{ key }} in (
                        select record_key from {{ staging }} where built_in > {{ last_build }}
                    ) and
                    {%- endif %}
                    not exists (
                        select 1
                        from {{ staging }} as judged
                        where judged.record_key = published.{{ key }} and judged.is_accepted
                    )
            ) as rows_removed
        {%- endif %}
{%- endmacro %}

{#- Half-loaded raw must not empty the warehouse: stops a build that would remove too many rows. -#}
{% macro blow_fuse(table, rows_removed, rows_published) -%}
    {%- if rows_removed >= var('fuse_min_rows')
        and rows_removed > var('fuse_max_share') * rows_published
        and not var('allow_mass_delete') -%}
        {{ exceptions.raise_compiler_error(
            "This build would remove " ~ rows_removed ~ " of the " ~ rows_published ~ " rows of " ~ table
            ~ ", so it stopped and changed no published table: load what is missing in raw, or pass "
            ~ "--vars '{allow_mass_delete: true}' if they must go."
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro check_removals() -%}
    {%- if execute -%}
        {%- for row in run_query('select * from ' ~ this ~ ' order by source_table').rows -%}
            {%- do blow_fuse(
                generate_schema_name('tutormax', none) ~ '.' ~ row[0], row[2] | int, row[1] | int
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
