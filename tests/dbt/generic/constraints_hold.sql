{#-
    Fails for each broken constraint of the contract that the engine does not enforce, with the number of rows or keys.
-#}
{% test constraints_hold(model) %}
{{- config(enabled=unenforced_constraints() | length > 0) -}}
{%- if execute -%}
    {%- set node = graph.nodes[context['model'].attached_node] -%}
    {%- for constraint in constraints_of(node) if constraint.type in unenforced_constraints() %}
    {{ 'union all' if not loop.first }}
    select
        '{{ constraint.name or constraint.type ~ ' ' ~ constraint.columns | join(', ') }}' as broken_constraint,
        count(*) as n
    from {{ rows_that_break(constraint, model, node) }}
    having count(*) > 0
    {%- endfor %}
{%- endif -%}
{% endtest %}
