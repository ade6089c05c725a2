-- One row per source: how many rows its published table has, how many of them this build would remove, and the first
-- day that its changes concern. Published tables wait for it; the mass-delete guard stops the build here.
{% set tables = dated_sources() %}

with

{% for table in tables %}
{{ table }} as (
    {{ pending_changes(table) }}
),
{% endfor %}

final as (
    {% for table in tables %}
    select * from {{ table }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
