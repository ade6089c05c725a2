{% macro build_lock(shared=false) -%}
    {{ return(adapter.dispatch('build_lock', 'tutormax')(shared)) }}
{%- endmacro %}

{% macro default__build_lock(shared) -%}
{%- endmacro %}

{#- A lock on a table, because any login can take an advisory lock. -#}
{% macro postgres__build_lock(shared) -%}
    {%- set schema = source_relation('builds', 'build_log').schema %}
    do $$
    begin
        if to_regclass('"{{ schema }}".build_log') is not null then
            lock table "{{ schema }}".build_log in {{ 'row' if shared else 'share row' }} exclusive mode;
        end if;
    exception when lock_not_available then
        raise exception using message = ({{ locked_sentence([schema ~ '.build_log']) }});
    end
    $$;
{%- endmacro %}
