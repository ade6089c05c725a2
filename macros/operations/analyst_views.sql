{% macro make_analyst_views() -%}
    {%- if execute and flags.WHICH in ('build', 'run') and is_run_own() -%}
        {{ adapter.dispatch('make_analyst_views', 'tutormax')() }}
    {%- endif -%}
{%- endmacro %}

{#- Spark has no roles. -#}
{% macro spark__make_analyst_views() -%}
{%- endmacro %}

{% macro default__make_analyst_views() -%}
    {%- set published = [] -%}
    {%- for node in own_nodes() if node.access == 'public' and node.unique_id in selected_nodes() -%}
        {%- do published.append(node) -%}
    {%- endfor -%}
    {%- if not published -%}
        {{ return('') }}
    {%- endif -%}
    {%- set published = published + own_sources(['tutormax']) -%}
    {%- set schemas = (published | map(attribute='schema') | list + [analyst_schema()]) | unique | list -%}
    {%- set found = {} -%}
    {%- for row in run_query(catalog_columns(schemas, published[0].database)).rows -%}
        {%- do found.setdefault((row[0], row[1]), {}).update({row[2]: row[3]}) -%}
    {%- endfor -%}
    {%- set said = comments_where("schema_name in ('" ~ schemas | join("', '") ~ "')") -%}
    {%- set statements = [] -%}
    {%- for table in published -%}
        {%- set name = table.get('alias') or table.identifier -%}
        {%- set place = (analyst_schema(), name) -%}
        {%- set present = found.get((table.schema, name), {}) -%}
        {%- set columns = {} -%}
        {%- for column in table.columns.values() if column.name in present and is_for_analysts(column) -%}
            {%- do columns.update({column.name: present[column.name]}) -%}
        {%- endfor -%}
        {%- set view = api.Relation.create(
            database=table.database, schema=analyst_schema(), identifier=name, type='view'
        ) -%}
        {#- A full build may be one after the class of a column has changed. -#}
        {%- set is_missing = columns and (columns != found.get(place) or since_build() == -1) -%}
        {%- if is_missing -%}
            {%- set grants = grants_on(view, columns) if place in found else [] -%}
            {%- do statements.append(
                adapter.dispatch('made_view', 'tutormax')(view, sql_of_analyst_view(view, table, columns), grants)
            ) -%}
        {%- endif -%}
        {%- do statements.extend(
            statements_of_comments(view, table, columns, {} if is_missing else said.get(place, {}))
        ) -%}
        {#- dbt writes the comments of models. -#}
        {%- if table.resource_type == 'source' -%}
            {%- do statements.extend(statements_of_comments(
                view.incorporate(type='table', path={'schema': table.schema}), table, columns,
                said.get((table.schema, name), {})
            )) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if statements -%}
        {%- do adapter.dispatch('change_analyst_views', 'tutormax')(statements) -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}

{% macro privacy_of(column) -%}
    {{ return(column.get('config', {}).get('meta', {}).get('privacy') or column.meta.get('privacy')) }}
{%- endmacro %}

{% macro is_for_analysts(column) -%}
    {{ return(privacy_of(column) not in ('personal', 'free_text')) }}
{%- endmacro %}

{% macro sql_of_analyst_view(view, table, columns) -%}
    {%- set source = api.Relation.create(database=view.database, schema=table.schema, identifier=view.identifier) -%}
    {%- set person = 'tutor_id' if 'tutor_id' in table.columns else 'student_id' -%}
    {%- set selected = [] -%}
    {%- for name in columns -%}
        {%- set quoted = adapter.quote(name) -%}
        {%- if privacy_of(table.columns[name]) != 'label' -%}
            {%- do selected.append(quoted) -%}
        {%- elif columns[name].endswith('[]') -%}
            {%- do selected.append(shared_elements(quoted, source, person) ~ ' as ' ~ quoted) -%}
        {%- else -%}
            {%- do selected.append(
                'case when ' ~ quoted ~ ' in (select ' ~ quoted ~ ' from ' ~ source ~ ' group by ' ~ quoted
                ~ ' having min(' ~ person ~ ') <> max(' ~ person ~ ')) then ' ~ quoted ~ ' end as ' ~ quoted
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return('select ' ~ selected | join(', ') ~ ' from ' ~ source) }}
{%- endmacro %}

{% macro default__made_view(view, sql, grants) -%}
    create or replace view {{ view }} as {{ sql }}
{%- endmacro %}

{#- A view that is as it should be is not locked. To replace one may only add columns at its end. -#}
{% macro postgres__made_view(view, sql, grants) -%}
    {%- set standing = "to_regclass('" ~ view.include(database=false) ~ "')" %}
    create temporary view analyst_draft as {{ sql }};
    if {{ standing }} is null
        or pg_get_viewdef({{ standing }}) <> pg_get_viewdef('pg_temp.analyst_draft'::regclass) then
        begin
            create or replace view {{ view }} as {{ sql }};
        exception when invalid_table_definition then
            drop view {{ view }};
            {{ (['create view ' ~ view ~ ' as ' ~ sql] + grants | list) | join('; ') }};
        end;
    end if;
    drop view pg_temp.analyst_draft
{%- endmacro %}

{% macro statements_of_comments(relation, table, columns, said) -%}
    {%- set statements = [] -%}
    {%- if columns and said.get('') != table.description -%}
        {%- do statements.append(
            'comment on ' ~ relation.type ~ ' ' ~ relation ~ ' is ' ~ dbt.string_literal(dbt.escape_single_quotes(table.description))
        ) -%}
    {%- endif -%}
    {%- for name in columns if said.get(name) != table.columns[name].description -%}
        {%- do statements.append(
            'comment on column ' ~ relation ~ '.' ~ adapter.quote(name) ~ ' is '
            ~ dbt.string_literal(dbt.escape_single_quotes(table.columns[name].description))
        ) -%}
    {%- endfor -%}
    {{ return(statements) }}
{%- endmacro %}

{% macro default__change_analyst_views(statements) -%}
    {%- do run_in_transaction(statements | join('; ')) -%}
{%- endmacro %}

{% macro postgres__change_analyst_views(statements) -%}
    {%- call statement('change_analyst_views', auto_begin=true) -%}
        {{ build_lock() }}
        do $views$
        declare
            dependents text;
        begin
            {{ statements | join('; ') }};
        exception
            when lock_not_available then
                raise exception using message = ({{ locked_sentence([analyst_schema()]) }});
            when dependent_objects_still_exist then
                get stacked diagnostics dependents = pg_exception_detail;
                raise exception using message = 'A view of the schema {{ analyst_schema() }} must be made again with '
                    'other columns, but others are made from it: ' || replace(dependents, e'\n', '; ')
                    || '. Drop those, run dbt build again and create them anew.';
        end
        $views$
    {%- endcall -%}
{%- endmacro %}
