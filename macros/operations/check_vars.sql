{% macro check_vars() -%}
    {%- do schema_prefix() -%}
    {%- set kinds = var_kinds() -%}
    {%- for name in invocation_args_dict.get('vars') or {} if name not in kinds and project_name == 'tutormax' -%}
        {{ exceptions.raise_compiler_error(
            "There is no var " ~ name ~ ": the vars are " ~ kinds | join(', ') ~ "."
        ) }}
    {%- endfor -%}
    {%- for name, kind in kinds.items() -%}
        {%- set value = var(name) -%}
        {%- if not is_of_kind(value, kind) -%}
            {{ exceptions.raise_compiler_error(
                "The var " ~ name ~ " is '" ~ (value | string)[:100] ~ "', which is not " ~ {
                    'date': 'a date: write it as 2026-01-31',
                    'name': "a name: write it as 'text', without quotes in it",
                    'version': "a version: write it as '1.0.0', of up to 50 letters, digits, dots, dashes and underscores",
                    'text': "text: write it as 'text', without quotes in it",
                    'flag': 'a truth value: write true or false',
                    'share': 'a share: write a number from 0 to 1',
                    'number': 'a number: write one from 0 to 1000000000',
                    'count': 'a count: write a whole number from 0 to 1000000000',
                    'days': 'a number of days: write a whole number from 0 to 3660',
                    'years': 'a number of years: write a whole number from 0 to 1000',
                    'settings': "settings: write names of letters, each with a text without quotes or a number",
                    'windows': 'a mapping of the values of enums.metric_window, in their order, to whole days from 1 to 3660',
                    'bands': 'a mapping of bands to their first days: write whole days that ascend from 0',
                    'enums': 'a mapping of ' ~ enum_names() | join(', ')
                        ~ ' to lists of different texts without quotes, those of intervention_outcome and metric_window of'
                        ~ ' a-z, 0-9 and _'
                }[kind] ~ "."
            ) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro is_of_kind(value, kind) -%}
    {%- if kind == 'date' -%}
        {{ return(value | string == '' or is_date(value | string)) }}
    {%- elif kind == 'name' -%}
        {{ return(is_plain_text(value)) }}
    {%- elif kind == 'version' -%}
        {{ return(is_word(value, '[A-Za-z0-9][A-Za-z0-9._-]{0,49}')) }}
    {%- elif kind == 'text' -%}
        {{ return(value == '' or is_plain_text(value)) }}
    {%- elif kind == 'flag' -%}
        {{ return(value is boolean) }}
    {%- elif kind in ('share', 'number') -%}
        {{ return(value is number and value is not boolean and 0 <= value <= (1 if kind == 'share' else 1000000000)) }}
    {%- elif kind in ('count', 'days', 'years') -%}
        {{ return(is_whole(value, 0, {'count': 1000000000, 'days': 3660, 'years': 1000}[kind])) }}
    {%- elif kind == 'enums' -%}
        {{ return(are_enums(value)) }}
    {%- elif value is not mapping or not value -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set faults = [] -%}
    {%- for name, number in value.items() -%}
        {%- if kind == 'settings' -%}
            {%- if not (is_word(name, '[A-Za-z_][A-Za-z0-9_.]*') and (is_plain_text(number) or number is number)) -%}
                {%- do faults.append(name) -%}
            {%- endif -%}
        {%- elif kind == 'bands' -%}
            {%- set last = (value.values() | list)[loop.index0 - 1] + 1 if not loop.first and not faults else 0 -%}
            {%- if not (is_plain_text(name) and is_whole(number, last, 0 if loop.first else 1000000)) -%}
                {%- do faults.append(name) -%}
            {%- endif -%}
        {%- elif not is_whole(number, 1, 3660) -%}
            {%- do faults.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(not faults and (
        kind != 'windows' or are_enums(var('enums')) and value.keys() | list == var('enums')['metric_window']
    )) }}
{%- endmacro %}

{% macro is_whole(value, least, most) -%}
    {{ return(value is integer and value is not boolean and least <= value <= most) }}
{%- endmacro %}

{#- Values of vars are written into SQL between quotes, and into bodies between dollar signs. -#}
{% macro is_plain_text(value) -%}
    {{ return(value is string and value | trim != '' and is_word(value, '[^\'"\\\\$\\x00-\\x1f]+')) }}
{%- endmacro %}

{% macro is_word(value, pattern) -%}
    {{ return(value is string and modules.re.match('(?:' ~ pattern ~ ')\\Z', value) is not none) }}
{%- endmacro %}

{% macro enum_names() -%}
    {{ return([
        'tutor_status', 'behavioral_archetype', 'session_type', 'counted_event_type', 'performance_tier', 'metric_window',
        'risk_level', 'intervention_type', 'intervention_status', 'intervention_outcome', 'source_table'
    ]) }}
{%- endmacro %}

{% macro are_enums(enums) -%}
    {%- if enums is not mapping -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set faults = enum_names() | reject('in', enums) | list -%}
    {%- for name, values in enums.items() -%}
        {%- if values is string or values is not sequence or not values or values | unique | list | length != values | length -%}
            {%- do faults.append(name) -%}
        {%- else -%}
            {%- for value in values if not is_plain_text(value) or (
                name in ('intervention_outcome', 'metric_window') and not is_word(value, '[a-z0-9_]+')
            ) -%}
                {%- do faults.append(name) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(not faults) }}
{%- endmacro %}

{% macro is_date(text) -%}
    {%- set parts = modules.re.match('^([0-9]{4})-([0-9]{2})-([0-9]{2})$', text) -%}
    {%- if not parts -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set year, month, day = parts.group(1) | int, parts.group(2) | int, parts.group(3) | int -%}
    {%- if not (year >= 1 and 1 <= month <= 12 and 1 <= day <= 31) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set first = modules.datetime.date(year, month, 1) -%}
    {{ return((first + modules.datetime.timedelta(days=day - 1)).month == month) }}
{%- endmacro %}
