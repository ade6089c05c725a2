{% macro violated_rules(rules) -%}
    case
        when
            {% for condition in rules.values() -%}
                {{ 'or ' if not loop.first }}{{ condition }}
            {% endfor -%}
            then {{ text_array_of_named(rules) }}
        else {{ text_array([]) }}
    end
{%- endmacro %}
