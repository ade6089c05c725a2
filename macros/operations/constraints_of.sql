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
