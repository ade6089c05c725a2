{% macro is_not_retained(session_id) -%}
    not exists (
        select 1
        from {{ source('archive', 'retained_sessions') }} as retained_sessions
        where retained_sessions.session_id = {{ session_id }}
    )
{%- endmacro %}
