{% macro constraints_of(node) -%}
    {%- set constraints = node.constraints | list -%}
    {%- for column in node.columns.values() -%}
        {%- for constraint in column.constraints -%}
            {%- do constraints.append(dict(constraint, columns=[column.name])) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for name, index in node.config.meta.get('indexes', {}).items() if index.unique -%}
        {%- do constraints.append({'type': 'unique', 'name': name, 'columns': index.columns}) -%}
    {%- endfor -%}
    {{ return(constraints) }}
{%- endmacro %}

{% macro constraints_checksum(node) -%}
    {%- set parts = [] -%}
    {%- for constraint in constraints_of(node) -%}
        {%- do parts.append([constraint.type, constraint.columns, constraint.expression] | join('|')) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | join(', '))) }}
{%- endmacro %}
