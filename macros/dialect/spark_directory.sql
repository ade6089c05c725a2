{% macro spark_directory() -%}
    {%- set here = env_var('PWD', '.') -%}
    {%- set directory = env_var('TUTORMAX_SPARK_DIR', here ~ '/data/spark') -%}
    {%- set is_absolute = directory.startswith('/') or '://' in directory -%}
    {{ return(directory if is_absolute else here ~ '/' ~ directory) }}
{%- endmacro %}
