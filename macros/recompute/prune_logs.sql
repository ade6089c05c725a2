{#- As a build begins, which locks the build log, so that nobody else prunes. -#}
{% macro pruned_logs() -%}
    {%- set build_log, change_log = log_relation('build_log'), log_relation('change_log') -%}
    {%- set watermarks = log_relation('watermarks') -%}
    {#- For people, and for a process of an earlier build that still runs. -#}
    {%- set first_kept = this_build() - 10 -%}
    {#- No later build recomputes since an earlier one than this. -#}
    {%- set earliest_since -%}
        with

        {{ completed_builds() }}

        select greatest(min(build_number), (select coalesce(max(build_number), -1) from {{ build_log }} where is_full))
        from completed
    {%- endset -%}
    {%- set since = run_query(earliest_since).rows[0][0] | int -%}
    delete from {{ watermarks }} as earlier
    where exists (
        select 1 from {{ watermarks }} as later
        where
            later.model = earlier.model
            and later.build_number > earlier.build_number
            and (earlier.checksum is null or later.checksum is not null)
            and (earlier.contract is null or later.contract is not null)
    );
    delete from {{ build_log }}
    where
        build_number < {{ first_kept }}
        and build_number not in (select build_number from {{ watermarks }})
        and build_number <> {{ since_build() }}
        and build_number <> (select coalesce(max(build_number), -1) from {{ build_log }} where is_full);
    delete from {{ change_log }}
    where
        build_number < {{ first_kept }}
        and build_number <= {{ since }}
        and (subject <> 'calculation_dates' or build_number < (
            select max(build_number) from {{ change_log }}
            where subject = 'calculation_dates' and build_number <= {{ since }}
        ));
{%- endmacro %}
