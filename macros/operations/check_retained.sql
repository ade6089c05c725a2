{% macro check_retained() -%}
    {%- if not var('allow_history_loss', false) -%}
        {%- set archived, summed = run_query(
            'select (select count(*) from ' ~ source('archive', 'retained_sessions') ~ '), (select coalesce(sum(sessions), 0)'
            ~ ' from ' ~ source('archive', 'retained_tutor_days') ~ ')'
        ).rows[0].values() -%}
        {%- if summed | int < archived | int -%}
            {{ exceptions.raise_compiler_error(
                archived ~ " sessions have left raw for the archive, and archive.retained_tutor_days in "
                ~ target.name ~ " holds the sums of only " ~ summed ~ " sessions, so a build would"
                ~ " lose history: restore that table, or pass --vars '{allow_history_loss: true}'."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
