{% macro check_churn_model() -%}
    {#- Other commands, as clone and compile, may come before the seeds. -#}
    {%- if execute and flags.WHICH in ('build', 'run') and not is_unit_test() -%}
        {%- set active = var('churn_model_version') | string -%}
        {%- set versions = [active] -%}
        {%- set scored = scored_predictions() -%}
        {%- if scored -%}
            {%- set standing = run_query(
                'select distinct model_version from ' ~ scored ~ ' as target_rows where ' ~ is_replaced(none)
                ~ ' and prediction_date >= ' ~ utc_midnight(changes().expired) ~ ' order by 1'
            ).columns[0].values() -%}
            {%- for version in standing if version != active -%}
                {%- do versions.append(version) -%}
            {%- endfor -%}
            {%- set latest = run_query(
                'select model_version from ' ~ scored ~ ' where prediction_date = (select max(prediction_date) from '
                ~ scored ~ ') limit 1'
            ).columns[0].values() -%}
            {%- do kept_for_the_run('churn_model').update({'latest': latest | first}) if latest -%}
        {%- endif -%}
        {%- for version in versions -%}
            {%- set lack = lack_of_churn_model(version) -%}
            {#- What a version that is gone said stays as it is. -#}
            {%- if lack and (version == active or lack != no_coefficients()) -%}
                {{ exceptions.raise_compiler_error(
                    (
                        "The active churn model " ~ version ~ " " ~ lack ~ ": correct seeds/churn, or set the var"
                        ~ " churn_model_version to another version."
                    )
                    if version == active else
                    (
                        "Predictions of the churn model " ~ version ~ " are to be scored again, and it " ~ lack
                        ~ ": put it back into seeds/churn, or score all history with " ~ active
                        ~ " by --full-refresh."
                    )
                ) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro no_coefficients() -%}
    {{ return('has no coefficients in the seed churn_model_coefficients') }}
{%- endmacro %}

{% macro lack_of_churn_model(version) -%}
    {%- set literal = dbt.string_literal(version) -%}
    {%- set rows = run_query(
        'select interval_start, interval_end, feature from ' ~ ref('churn_model_coefficients').render()
        ~ ' where model_version = ' ~ literal ~ ' order by interval_start, interval_end, feature'
    ).rows -%}
    {%- set bands = run_query(
        'select count(*) from ' ~ ref('churn_risk_bands').render() ~ ' where model_version = ' ~ literal
    ).rows[0][0] | int -%}
    {%- set uneven = run_query(
        'select feature from ' ~ ref('churn_model_coefficients').render() ~ ' where model_version = ' ~ literal
        ~ ' group by feature, knot having count(*) <> ' ~ churn_intervals() | length ~ ' order by feature'
    ).rows -%}
    {%- set bent = run_query(
        'select feature from ' ~ ref('churn_model_coefficients').render() ~ ' where model_version = ' ~ literal
        ~ ' group by feature, interval_start having count(knot) > ' ~ most_knots() ~ ' order by feature'
    ).rows -%}
    {%- set intercepts = [] -%}
    {%- set unknown = [] -%}
    {%- for row in rows -%}
        {%- if [row[0] | int, row[1] | int] not in churn_intervals() -%}
            {%- do unknown.append('the interval ' ~ row[0] ~ '-' ~ row[1]) -%}
        {%- elif row[2] == 'intercept' -%}
            {%- do intercepts.append(row[0] | int) -%}
        {%- elif row[2] not in churn_features() -%}
            {%- do unknown.append('the feature ' ~ row[2]) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set missing = churn_intervals() | rejectattr(0, 'in', intercepts) | list -%}
    {%- if not rows -%}
        {{ return(no_coefficients()) }}
    {%- elif unknown -%}
        {{ return('names ' ~ unknown[0] ~ ', which does not exist, in the seed churn_model_coefficients') }}
    {%- elif missing -%}
        {{ return(
            'has no intercept for the interval ' ~ missing[0][0] ~ '-' ~ missing[0][1]
            ~ ' in the seed churn_model_coefficients'
        ) }}
    {%- elif uneven -%}
        {{ return(
            'gives the feature ' ~ uneven[0][0]
            ~ ' different knots in different intervals in the seed churn_model_coefficients'
        ) }}
    {%- elif bent -%}
        {{ return(
            'gives the feature ' ~ bent[0][0] ~ ' more than ' ~ most_knots()
            ~ ' knots in the seed churn_model_coefficients'
        ) }}
    {%- elif bands != var('enums')['risk_level'] | length -%}
        {{ return('has ' ~ bands ~ ' bands in the seed churn_risk_bands, not one for each risk level') }}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
