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

{% macro contract_of(node) -%}
    {%- set columns, constraints = {}, [] -%}
    {%- for column in node.columns.values() -%}
        {%- do columns.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {%- for constraint in constraints_of(node) -%}
        {%- set parent = referenced_node(constraint, node).alias if constraint.type == 'foreign_key' else none -%}
        {%- do constraints.append([
            constraint.type | string, constraint.columns, constraint.name or none,
            (constraint.expression or '') | replace('"', ''), parent
        ]) -%}
    {%- endfor -%}
    {{ return(
        tojson({'columns': columns, 'constraints': constraints}) if node.config.contract.enforced else none
    ) }}
{%- endmacro %}
