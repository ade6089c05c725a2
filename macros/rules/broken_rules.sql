{#-
    The names of the rules that a row breaks, as an array of text. `rules` maps a name to a
    condition; a condition that is null is not broken. Almost every row breaks none: the conditions
    are tested together first, so that the array is built for the few.
-#}
{% macro broken_rules(rules) -%}
    case
        when
            {% for condition in rules.values() -%}
                {{ 'or ' if not loop.first }}{{ condition }}
            {% endfor -%}
            then {{ text_array_of_named(rules) }}
        else {{ text_array([]) }}
    end
{%- endmacro %}
