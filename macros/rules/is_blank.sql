{% macro is_blank(text) -%}
    {#- Fast path: nearly every text begins with a visible ASCII character. -#}
    case
        when ascii({{ text }}) between 33 and 126 then false
        else translate(coalesce({{ text }}, ''), '{{ white_space() }}', '') = ''
    end
{%- endmacro %}
