{% macro survival(interval) -%}
    {%- for earlier in range(interval + 1) -%}
        (1 - hazard_{{ earlier }}){{ ' * ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro thirty_day_rise(group) -%}
    {%- set noise = '1e-9' -%}
    coalesce(nullif(greatest(
        hazard_0 * {{ group }}_0
        + (survival_0 - survival_1) * {{ group }}_1
        + (survival_1 - survival_2) * {{ group }}_2,
        {{ noise }}
    ), {{ noise }}), 0)
{%- endmacro %}

{% macro shares_of_risk(scored) -%}
    {%- set shares = {} -%}
    {%- for group in churn_factor_groups() -%}
        {%- do shares.update({group: 'nullif(' ~ scored ~ '.' ~ group ~ ' / ' ~ scored ~ '.all_groups, 0)'}) -%}
    {%- endfor -%}
    {{ json_object_of_named(shares) }}
{%- endmacro %}
