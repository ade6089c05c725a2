{% macro check_vars() -%}
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
                "The var " ~ name ~ " is '" ~ value ~ "', which is no " ~ {
                    'date': 'date: write it as 2026-01-31',
                    'name': 'name: write it as ' ~ "'text'",
                    'text': 'text: write it as ' ~ "'text'",
                    'flag': 'truth value: write true or false',
                    'share': 'share: write a number from 0 to 1',
                    'number': 'number: write one from 0 on',
                    'count': 'count: write a whole number from 0 on',
                    'mapping': 'mapping: write it as in dbt_project.yml'
                }[kind] ~ "."
            ) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro is_of_kind(value, kind) -%}
    {%- if kind == 'date' -%}
        {{ return(value | string == '' or is_date(value | string)) }}
    {%- elif kind == 'name' -%}
        {{ return(value is string and value | length > 0) }}
    {%- elif kind == 'text' -%}
        {{ return(value is string) }}
    {%- elif kind == 'flag' -%}
        {{ return(value is boolean) }}
    {%- elif kind == 'share' -%}
        {{ return(value is number and value is not boolean and 0 <= value <= 1) }}
    {%- elif kind == 'number' -%}
        {{ return(value is number and value is not boolean and value >= 0) }}
    {%- elif kind == 'count' -%}
        {{ return(value is integer and value is not boolean and value >= 0) }}
    {%- else -%}
        {{ return(value is mapping and value | length > 0) }}
    {%- endif -%}
{%- endmacro %}

{% macro is_date(text) -%}
    {%- set parts = modules.re.match('^([0-9]{4})-([0-9]{2})-([0-9]{2})$', text) -%}
    {%- if not parts -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set year, month, day = parts.group(1) | int, parts.group(2) | int, parts.group(3) | int -%}
    {%- if not (year >= 1 and 1 <= month <= 12 and day >= 1) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set first = modules.datetime.date(year, month, 1) -%}
    {{ return((first + modules.datetime.timedelta(days=day - 1)).month == month) }}
{%- endmacro %}
