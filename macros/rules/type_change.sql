{% macro type_change(old, new) -%}
    {%- if old == new -%}
        {{ return('none') }}
    {%- elif old.endswith('[]') and new.endswith('[]') -%}
        {{ return(type_change(old[:-2], new[:-2])) }}
    {%- endif -%}
    {%- set ladders = [
        ['smallint', 'integer', 'bigint', 'hugeint'],
        ['real', 'double precision'],
        ['varchar', 'text'],
        ['decimal', 'numeric']
    ] -%}
    {%- set old_name, old_sizes = type_parts(old) -%}
    {%- set new_name, new_sizes = type_parts(new) -%}
    {%- for ladder in ladders if old_name in ladder and new_name in ladder -%}
        {%- if 'varchar' in ladder -%}
            {%- set is_wider = not new_sizes or (old_sizes and old_sizes[0] <= new_sizes[0]) -%}
            {{ return('none' if not old_sizes and not new_sizes else 'wider' if is_wider else 'other') }}
        {%- elif 'decimal' in ladder -%}
            {%- set is_wider = old_sizes and (
                not new_sizes
                or old_sizes[1] <= new_sizes[1] and old_sizes[0] - old_sizes[1] <= new_sizes[0] - new_sizes[1]
            ) -%}
            {{ return('wider' if is_wider else 'other') }}
        {%- else -%}
            {{ return('wider' if ladder.index(old_name) < ladder.index(new_name) else 'other') }}
        {%- endif -%}
    {%- endfor -%}
    {{ return('other') }}
{%- endmacro %}

{% macro type_parts(type) -%}
    {%- set name = type.split('(')[0] | trim | lower -%}
    {%- set words = {
        'character varying': 'varchar', 'string': 'text', 'double': 'double precision', 'float': 'real',
        'float4': 'real', 'float8': 'double precision', 'int': 'integer', 'int2': 'smallint', 'int4': 'integer',
        'int8': 'bigint'
    } -%}
    {%- set sizes = [] -%}
    {%- for size in modules.re.findall('[0-9]+', type.split('(')[1] if '(' in type else '') -%}
        {%- do sizes.append(size | int) -%}
    {%- endfor -%}
    {{ return((words.get(name, name), sizes)) }}
{%- endmacro %}
