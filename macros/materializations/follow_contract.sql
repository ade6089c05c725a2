{#-
    dbt adds columns with the types of the query and leaves all other types as they are. This alters a published table
    to its contract, and makes a private one again if the build is full.
-#}
{% macro follow_columns(built, standing) -%}
    {%- if is_contract_changed() -%}
        {%- set node = graph.nodes[model.unique_id] -%}
        {%- do loosen_table(standing, node, contract_differences(standing, node)) -%}
    {%- elif config.get('contract').enforced or since_build() != -1 -%}
        {%- do process_schema_changes(config.get('on_schema_change'), built, standing) -%}
    {%- elif types_of(built) != types_of(standing) -%}
        {#- Not `as select … where false`: in DuckDB 2.0 filters and joins would find nothing among 122,880 rows or more. -#}
        {%- set columns = [] -%}
        {%- for name, type in types_of(built).items() -%}
            {%- do columns.append(adapter.quote(name) ~ ' ' ~ type) -%}
        {%- endfor -%}
        {%- do run_in_transaction('drop table ' ~ standing) -%}
        {%- do run_in_transaction('create table ' ~ standing ~ ' (' ~ columns | join(', ') ~ ')') -%}
        {%- do kept_for_the_run('comments').pop((standing.schema, standing.identifier), none) -%}
    {%- endif -%}
{%- endmacro %}

{% macro is_contract_changed() -%}
    {{ return(
        not is_unit_test() and this_run() and config.get('contract').enforced
        and contract_of(graph.nodes[model.unique_id]) != known_contracts().get(model.alias)
    ) }}
{%- endmacro %}

{% macro types_of(relation) -%}
    {%- set types = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {#- dbt gives texts without a length one of 256. -#}
        {%- set is_sized = column.char_size or column.numeric_precision is not none -%}
        {%- do types.update({column.name: (column.data_type if is_sized else column.dtype) | lower}) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}

{% macro contract_differences(relation, node) -%}
    {%- set standing, needed = types_of(relation), contract_types(node) -%}
    {%- set known = fromjson(known_contracts().get(node.alias, '{"columns": {}}')).columns -%}
    {%- set added, wider, faults = {}, {}, [] -%}
    {%- for name, type in needed.items() -%}
        {%- set declared = node.columns[name].data_type -%}
        {%- set change = type_change(standing[name], type | lower) if name in standing else 'added' -%}
        {%- if change == 'none' and '(' not in standing[name] and name in known -%}
            {#- DuckDB does not keep lengths of texts. -#}
            {%- set change = type_change(known[name] | lower, declared | lower) | replace('wider', 'none') -%}
        {%- endif -%}
        {%- if change == 'added' -%}
            {%- do added.update({name: declared}) -%}
        {%- elif change == 'wider' -%}
            {%- do wider.update({name: declared}) -%}
        {%- elif change == 'other' -%}
            {%- do faults.append(
                name ~ " is " ~ known.get(name, standing[name]) ~ ", and " ~ declared ~ " does not hold all its values"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name in standing if needed and name not in needed -%}
        {%- do faults.append(name ~ " is not in the contract") -%}
    {%- endfor -%}
    {{ return({'added': added, 'wider': wider, 'faults': faults}) }}
{%- endmacro %}

{% macro check_contracts() -%}
    {%- set faults = [] -%}
    {%- for node in tracked_models() if node.config.materialized == 'incremental' and node.config.contract.enforced
        and node.unique_id in selected_nodes() and not reads_some_rows()
        and contract_of(node) != known_contracts().get(node.alias) -%}
        {%- set standing = adapter.get_relation(node.database, node.schema, node.alias) -%}
        {%- for fault in (contract_differences(standing, node).faults if standing is not none else []) -%}
            {%- do faults.append(node.schema ~ '.' ~ node.alias ~ '.' ~ fault) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if faults -%}
        {{ exceptions.raise_compiler_error(
            "Tables cannot follow their contracts, and nothing was changed: " ~ faults | join("; ")
            ~ ". Undo the change, or give the model a new version (docs/production.md, Contracts)."
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro fail_on_broken_contract(table, rows) -%}
    {%- set broken, counts = [], [] -%}
    {%- set node = graph.nodes[model.unique_id] -%}
    {%- for constraint in constraints_of(node)
        if constraint.type in ('not_null', 'check', 'primary_key') and constraint.type not in unenforced_constraints() -%}
        {%- set is_check = constraint.type == 'check' -%}
        {%- do broken.append(
            constraint.expression if is_check else constraint.columns | join(', ') ~ ' is not null'
        ) -%}
        {%- do counts.append('count(*) filter (where ' ~ (
            'not (' ~ constraint.expression | replace('"', adapter.quote('')[0]) ~ ')' if is_check
            else any_is_null(constraint.columns)
        ) ~ ')') -%}
    {%- endfor -%}
    {%- if counts and config.get('contract').enforced -%}
        {%- set found = [] -%}
        {%- set values = run_query('select ' ~ counts | join(', ') ~ ' from ' ~ rows).rows[0].values() -%}
        {%- for rule, count in zip(broken, values) if count | int -%}
            {%- do found.append(rule ~ " (broken by " ~ count | int ~ ")") -%}
        {%- endfor -%}
        {%- if found -%}
            {{ exceptions.raise_compiler_error(
                "The model returns rows that break its contract, so " ~ table.schema ~ '.' ~ table.identifier
                ~ " stays as it was: " ~ found | join("; ") ~ ". Correct the rows in the model, or the contract."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
