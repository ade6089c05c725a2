{#-
    The number of the last build that this model completed, as SQL; -1 if it must take everything anew.
    It is recorded in the transaction that changes the model's table, so that it can be trusted after a
    crash. Unit tests and a model's first build know no earlier build.

    `of` names another model, a published source table.

    Everything is new to a published source table as well after tutors or students have lost rows: a
    cascade may have taken rows along whose verdict stands, or stands again.
-#}
{% macro since_last_build(of=none) -%}
    {%- if is_unit_test() or not (of or is_incremental()) -%}
        -1
    {%- else -%}
        (
            select case when last_build < last_full then -1 else last_build end
            from (
                select
                    (
                        select coalesce(max(build_number), -1)
                        from {{ runs_relation() }}
                        where model = '{{ of or model.name }}'
                    ) as last_build,
                    greatest(
                        (select coalesce(max(build_number), 0) from {{ plan_relation() }} where is_full)
                        {%- if of or model.config.get('meta', {}).get('staged_in') -%}
                        ,
                        (
                            select coalesce(max(build_number), 0)
                            from {{ runs_relation() }}
                            where model in ('tutors', 'students') and rows_deleted > 0
                        )
                        {%- endif %}
                    ) as last_full
            ) as builds
        )
    {%- endif -%}
{%- endmacro %}

{% macro is_unit_test() -%}
    {{ return(model.resource_type == 'unit_test') }}
{%- endmacro %}

{#- The number of the build that runs. -#}
{% macro this_build() -%}
    {%- if is_unit_test() -%}
        0
    {%- else -%}
        (select max(build_number) from {{ plan_relation() }} where run_id = '{{ invocation_id }}')
    {%- endif -%}
{%- endmacro %}
