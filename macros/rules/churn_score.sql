{% macro churn_score(probability, band) -%}
    cast(
        floor(
            {{ band }}.score_from
            + ({{ probability }} - {{ band }}.probability_from)
            / ({{ band }}.probability_to - {{ band }}.probability_from)
            * ({{ band }}.score_to - {{ band }}.score_from)
            + 0.5
        ) as integer
    )
{%- endmacro %}
