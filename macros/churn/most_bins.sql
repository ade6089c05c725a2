{#- How many bins a feature may have in the seed churn_feature_distributions, bin 0 aside. -#}
{% macro most_bins() -%}
    {{ return(10) }}
{%- endmacro %}
