{% macro abort_if_superseded() -%}
    {{ adapter.dispatch('abort_if_superseded', 'tutormax')() if execute and this_run() }}
{%- endmacro %}

{% macro default__abort_if_superseded() -%}
{%- endmacro %}

{% macro postgres__abort_if_superseded() -%}
    {{ build_lock(shared=true) }}
    do $$
    begin
        if (select max(build_number) from {{ log_relation('build_log') }}) > {{ this_build() }} then
            raise exception 'Another build has begun since this one did, so this one stopped: '
                'wait for the other, then run dbt build again. Processes that run parts of one build side by side '
                'need the same TUTORMAX_RUN_ID.';
        end if;
    end
    $$;
{%- endmacro %}
