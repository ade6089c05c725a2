{#-
    How a column of another loader becomes the type that its source declares: `sql`, and the condition `misfit`, true
    for a value that cannot. Returns none if no value of the type can.
-#}
{% macro converted_value(column, found, expected) -%}
    {{ return(adapter.dispatch('converted_value', 'tutormax')(column, found, expected)) }}
{%- endmacro %}

{#- Only `tutormax load` writes raw for Spark. -#}
{% macro spark__converted_value(column, found, expected) -%}
    {{ return(none) }}
{%- endmacro %}

{% macro default__converted_value(column, found, expected) -%}
    {%- set kind = kind_of_type(found) -%}
    {%- set trimmed_text = "nullif(trim(cast(" ~ column ~ " as varchar)), '')" -%}
    {%- if expected == 'varchar' -%}
        {%- set sql = json_scalar(column) if kind == 'json' else 'cast(' ~ column ~ ' as varchar)' -%}
        {{ return({'sql': sql} if kind != 'list') }}
    {%- elif expected == 'integer' and kind in ('integer', 'number') -%}
        {{ return({
            'sql': 'cast(' ~ column ~ ' as integer)',
            'misfit': 'not (' ~ column ~ ' between -2147483648 and 2147483647 and ' ~ column ~ ' = floor(' ~ column ~ '))'
        }) }}
    {%- elif expected == 'integer' and kind == 'text' -%}
        {{ return({
            'sql': 'cast(' ~ trimmed_text ~ ' as integer)', 'misfit': does_not_match(trimmed_text, '[+-]?[0-9]{1,9}')
        }) }}
    {%- elif expected == 'double precision' and kind in ('integer', 'number') -%}
        {{ return({'sql': 'cast(' ~ column ~ ' as ' ~ type_double() ~ ')'}) }}
    {%- elif expected == 'double precision' and kind == 'text' -%}
        {{ return({
            'sql': 'cast(' ~ trimmed_text ~ ' as ' ~ type_double() ~ ')',
            'misfit': does_not_match(trimmed_text, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?')
        }) }}
    {%- elif expected == 'boolean' and kind in ('integer', 'text') -%}
        {%- set word = 'lower(' ~ trimmed_text ~ ')' -%}
        {{ return({'sql': word ~ " in ('true', 't', '1')", 'misfit': does_not_match(word, 'true|false|t|f|1|0')}) }}
    {%- elif expected == 'jsonb' and kind in ('json', 'text') -%}
        {{ return({'sql': value_as_json(column), 'misfit': is_not_json(column) if kind == 'text'}) }}
    {%- elif expected == 'varchar[]' and kind == 'list' -%}
        {{ return({'sql': 'cast(' ~ column ~ ' as varchar[])'}) }}
    {%- elif expected == 'varchar[]' and kind in ('json', 'text') -%}
        {%- set json = value_as_json(trimmed_text if kind == 'text' else column) -%}
        {{ return({
            'sql': json_list(json),
            'misfit': 'left(' ~ trimmed_text ~ ", 1) <> '[' and " ~ trimmed_text ~ " <> 'null'"
        }) }}
    {%- elif expected == 'timestamp with time zone' and kind in ('timestamp', 'date') -%}
        {{ return({'sql': "cast(" ~ column ~ " as timestamp) at time zone 'UTC'"}) }}
    {%- elif expected == 'timestamp with time zone' and kind in ('integer', 'number') -%}
        {{ return({'sql': instant_of_epoch(column)}) }}
    {%- elif expected == 'timestamp with time zone' and kind == 'text' -%}
        {{ return({'sql': instant_of_text(trimmed_text), 'misfit': does_not_match(trimmed_text, instant_pattern())}) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{% macro kind_of_type(type) -%}
    {%- set base = type.split('(')[0] -%}
    {%- if type.endswith(']') -%}
        {{ return('list') }}
    {%- elif base in ('json', 'jsonb', 'struct', 'map') -%}
        {{ return('json') }}
    {%- elif base in ('numeric', 'decimal', 'real', 'float', 'double precision') -%}
        {{ return('number') }}
    {%- elif base.endswith('int') or base == 'integer' -%}
        {{ return('integer') }}
    {%- elif base.startswith('timestamp') -%}
        {{ return('instant' if 'with time zone' in type else 'timestamp') }}
    {%- elif base in ('varchar', 'uuid', 'character', 'bpchar') -%}
        {{ return('text') }}
    {%- endif -%}
    {{ return(base) }}
{%- endmacro %}

{% macro does_not_match(text, pattern) -%}
    {{ return('not ' ~ text ~ " ~ '^(" ~ pattern ~ ")$'") }}
{%- endmacro %}

{#- A date, a date with a time in UTC or with an offset, or the seconds since 1970. -#}
{% macro instant_pattern() -%}
    {{ return(
        '[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?( UTC|[zZ]|[+-][0-9]{2}(:?[0-9]{2})?)?)?'
        ~ '|' ~ epoch_pattern()
    ) }}
{%- endmacro %}

{% macro epoch_pattern() -%}
    {{ return('[0-9]{9,16}([.][0-9]+)?') }}
{%- endmacro %}

{% macro instant_of_text(text) -%}
    case
        when {{ text }} ~ '^({{ epoch_pattern() }})$' then {{ instant_of_epoch('cast(' ~ text ~ ' as decimal(38, 6))') }}
        else cast(
            regexp_replace({{ text }}, '([.][0-9]{6})[0-9]+', '\1')
            || case
                when {{ text }} ~ '^(.*:.*([zZ]|UTC|[+-][0-9]{2}(:?[0-9]{2})?))$' then ''
                when {{ text }} ~ '^(.*:.*)$' then '+00'
                else ' 00:00:00+00'
            end as timestamp with time zone
        )
    end
{%- endmacro %}

{#- Seconds, milliseconds or microseconds since 1970: a number of seconds this large is after the year 5000. -#}
{% macro instant_of_epoch(number) -%}
    {%- set exact = 'cast(' ~ number ~ ' as decimal(38, 6))' -%}
    {%- set microseconds -%}
        cast(case
            when abs({{ exact }}) < 100000000000 then {{ exact }} * 1000000
            when abs({{ exact }}) < 100000000000000 then {{ exact }} * 1000
            else {{ exact }}
        end as bigint)
    {%- endset -%}
    {{ return(adapter.dispatch('instant_of_microseconds', 'tutormax')(microseconds)) }}
{%- endmacro %}

{% macro default__instant_of_microseconds(microseconds) -%}
    {{ return("timestamp with time zone 'epoch' + " ~ microseconds ~ " * interval '1 microsecond'") }}
{%- endmacro %}

{% macro duckdb__instant_of_microseconds(microseconds) -%}
    {{ return('make_timestamptz(' ~ microseconds ~ ')') }}
{%- endmacro %}

{% macro value_as_json(value) -%}
    {{ return(adapter.dispatch('value_as_json', 'tutormax')(value)) }}
{%- endmacro %}

{% macro default__value_as_json(value) -%}
    {{ return('cast(' ~ value ~ ' as jsonb)') }}
{%- endmacro %}

{#- A struct becomes an object. -#}
{% macro duckdb__value_as_json(value) -%}
    {{ return('cast(' ~ value ~ ' as json)') }}
{%- endmacro %}

{% macro is_not_json(text) -%}
    {{ return(adapter.dispatch('is_not_json', 'tutormax')(text)) }}
{%- endmacro %}

{#- PostgreSQL can tell from version 16 on; before it the cast fails and shows the text. -#}
{% macro default__is_not_json(text) -%}
    {{ return(none) }}
{%- endmacro %}

{% macro duckdb__is_not_json(text) -%}
    {{ return('not json_valid(' ~ text ~ ')') }}
{%- endmacro %}

{% macro json_scalar(json) -%}
    {{ return(adapter.dispatch('json_scalar', 'tutormax')(json)) }}
{%- endmacro %}

{% macro default__json_scalar(json) -%}
    {{ return('cast(' ~ json ~ " as jsonb) #>> '{}'") }}
{%- endmacro %}

{% macro duckdb__json_scalar(json) -%}
    {{ return('cast(' ~ json ~ " as json) ->> '$'") }}
{%- endmacro %}

{% macro json_list(json) -%}
    {{ return(adapter.dispatch('json_list', 'tutormax')(json)) }}
{%- endmacro %}

{% macro default__json_list(json) -%}
    {{ return(
        "case when jsonb_typeof(" ~ json ~ ") = 'array'"
        ~ " then cast(array(select jsonb_array_elements_text(" ~ json ~ ")) as varchar[]) end"
    ) }}
{%- endmacro %}

{% macro duckdb__json_list(json) -%}
    {{ return('cast(' ~ json ~ ' as varchar[])') }}
{%- endmacro %}
