{#-
    A table of raw with the columns that its source declares. What `tutormax load` has loaded is read as it is; what
    another loader loaded is renamed and cast.
-#}
{% macro raw_rows(table, is_whole=false) -%}
    {#- render(): the whole table, also with `--empty`. -#}
    {%- set relation = source('raw', table).render() if is_whole else source('raw', table) -%}
    {%- set columns = raw_layouts().get(table, {}) if execute and not is_unit_test() else {} -%}
    {%- set loaded_at = var('loaded_at_column') -%}
    {%- if not columns.values() | selectattr('is_cast') | list -%}
        {{ relation }}
    {%- else -%}
    (
        select
            {%- for name, column in columns.items() %}
            {{ column.sql }} as {{ adapter.quote(name) }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ relation }}
        {%- if loaded_at == '_dlt_load_id' %}
        inner join (
            select load_id as completed_load_id, max(inserted_at) as completed_at
            from {{ dlt_loads() }}
            where status = 0
            group by load_id
        ) as completed_loads on {{ loaded_at }} = completed_load_id
        {%- endif %}
    ) as raw_{{ table }}
    {%- endif -%}
{%- endmacro %}

{% macro dlt_loads() -%}
    {%- set source = own_sources(['raw'])[0] -%}
    {{ return(api.Relation.create(database=source.database, schema=source.schema, identifier='_dlt_loads')) }}
{%- endmacro %}

{% macro raw_layouts() -%}
    {%- set known = kept_for_the_run('raw_layouts') -%}
    {%- if not known -%}
        {%- set sources = own_sources(['raw']) -%}
        {%- set found = found_columns(own_sources(['raw', 'load'])) -%}
        {%- set layouts = {} -%}
        {%- for source in sources -%}
            {%- do layouts.update({source.name: raw_layout(source, found.get(source.unique_id, {}))}) -%}
        {%- endfor -%}
        {#- Kept when it is whole: models run beside each other. -#}
        {%- do known.update(layouts) -%}
    {%- endif -%}
    {{ return(known) }}
{%- endmacro %}

{% macro raw_layout(source, found) -%}
    {%- set layout = {} -%}
    {%- for column in source.columns.values() if found -%}
        {%- set is_arrival = column.name == '_loaded_at' -%}
        {%- set name = var('loaded_at_column') if is_arrival else column.name -%}
        {%- set present = found.get(name, {}) -%}
        {%- set expected = column.data_type.lower() | replace('text', 'varchar') -%}
        {%- set is_cast = name != column.name or present.type != expected or (is_arrival and present.is_nullable) -%}
        {%- set quoted = adapter.quote(name) -%}
        {%- if is_arrival and name == '_dlt_load_id' -%}
            {%- set converted = {'sql': 'completed_at'} -%}
        {%- elif present.type == expected or not present -%}
            {%- set converted = {'sql': quoted} -%}
        {%- else -%}
            {%- set converted = converted_value(quoted, present.type, expected) or {} -%}
        {%- endif -%}
        {%- do layout.update({column.name: {
            'name': name,
            'found': present.type,
            'expected': expected,
            'is_cast': is_cast,
            'sql': (
                'coalesce(' ~ converted.sql ~ ', ' ~ unknown_arrival() ~ ')' if is_arrival and is_cast else converted.sql
            ) if converted.sql,
            'misfit': converted.misfit
        }}) -%}
    {%- endfor -%}
    {{ return(layout) }}
{%- endmacro %}

{% macro unknown_arrival() -%}
    {{ return(utc_midnight("date '1970-01-01'")) }}
{%- endmacro %}
