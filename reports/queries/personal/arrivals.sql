-- One row per source: the reasons of the rows that arrived last, each with the key of a row.
select
    source_table,
    concat_ws(
        ', '
        {%- for place in (1, 2, 3) %},
        nullif(split_part(arrivals.reasons, ', ', {{ place }}), '') || coalesce(' such as ' || (
            select min(rejected.record_key)
            from {{ published }}.rejected_records as rejected
            where
                rejected.source_table = arrivals.source_table
                and array_to_string(rejected.reasons, ' + ')
                = regexp_replace(split_part(arrivals.reasons, ', ', {{ place }}), ' [0-9]+$', '')
        ), '')
        {%- endfor %}
    ) as reasons
from {{ published }}.tutormax_arrivals as arrivals
where
    build_number = (
        select max(others.build_number)
        from {{ published }}.tutormax_arrivals as others
        where others.source_table = arrivals.source_table
    )
