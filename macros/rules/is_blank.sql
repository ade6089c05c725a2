{% macro is_blank(text) -%}
    {#- Nearly every text begins with a visible ASCII character: then nothing else is looked at. -#}
    case
        when ascii({{ text }}) between 33 and 126 then false
        else translate(coalesce({{ text }}, ''), '{{ white_space() }}', '') = ''
    end
{%- endmacro %}
