{#- Where the target `spark` keeps its files, as the profile says; a relative path starts from the working directory. -#}
{% macro spark_directory() -%}
    {%- set here = env_var('PWD', '.') -%}
    {%- set directory = env_var('TUTORMAX_SPARK_DIR', here ~ '/data/spark') -%}
    {{ return(directory if directory.startswith('/') else here ~ '/' ~ directory) }}
{%- endmacro %}
