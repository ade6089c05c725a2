{#-
    The first hook of every model and seed, in the transaction that changes its table: a build that finds
    a newer one has begun stops here, for two builds must not mix. One process writes a DuckDB file at a time.
-#}
{% macro take_turn() -%}
    {{ adapter.dispatch('take_turn', 'tutormax')() if execute and this_run() }}
{%- endmacro %}

{% macro default__take_turn() -%}
{%- endmacro %}

{% macro postgres__take_turn() -%}
    {{ build_lock(shared=true) }}
    do $$
    begin
        if (select max(build_number) from {{ log_relation('build_log') }}) > {{ this_build() }} then
            raise exception 'Another build has begun since this one did, so this one stopped: '
                'wait for the other, then run dbt build again.';
        end if;
    end
    $$;
{%- endmacro %}
