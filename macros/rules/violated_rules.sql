{% macro violated_rules(rules, people=[]) -%}
    case
        {%- if people and kept_for_the_run('build').get('has_tombstones') and not is_unit_test() %}
        when
            {{ is_of_erased(people) }}
            then {{ text_array(['erased']) }}
        {%- endif %}
        when
            {% for condition in rules.values() -%}
                {{ 'or ' if not loop.first }}{{ condition }}
            {% endfor -%}
            then {{ text_array_of_named(rules) }}
        else {{ text_array([]) }}
    end
{%- endmacro %}
