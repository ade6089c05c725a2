{% macro name_lock_holders(results) -%}
    {%- set waited = [] -%}
    {%- for result in results if 'lock timeout' in (result.message or '') -%}
        {%- do waited.append(result.node.schema ~ '.' ~ result.node.alias) -%}
    {%- endfor -%}
    {%- if waited -%}
        {{ exceptions.raise_compiler_error(run_query(locked_sentence(waited)).rows[0][0]) }}
    {%- endif -%}
{%- endmacro %}
