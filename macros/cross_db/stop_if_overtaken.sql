{#- Ends the transaction with a sentence if a newer build has begun: two builds must not mix. -#}
{% macro stop_if_overtaken() -%}
    {{ return(adapter.dispatch('stop_if_overtaken', 'tutormax')()) }}
{%- endmacro %}

{#- One process writes a DuckDB file at a time. -#}
{% macro default__stop_if_overtaken() -%}
{%- endmacro %}

{% macro postgres__stop_if_overtaken() -%}
    do $$
    begin
        if (
            select max(build_number) from {{ log_relation('build_log') }}
        ) > {{ this_build() }} then
            raise exception 'Another build has begun since this one did, so this one stopped: '
                'wait for the other, then run dbt build again.';
        end if;
    end
    $$;
{%- endmacro %}
