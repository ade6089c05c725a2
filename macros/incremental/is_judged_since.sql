{#- True for the keys of a staging model of which a row was judged otherwise since the last build. -#}
{% macro is_judged_since(staging) -%}
    {%- if is_unit_test() or not is_incremental() -%}
        true
    {%- else -%}
        (
            {{ since_last_build() }} = -1
            or record_key in (
                select record_key from {{ staging }} where built_in > {{ since_last_build() }}
            )
        )
    {%- endif -%}
{%- endmacro %}
