-- One row per tutor: who it is.
select
    tutor_id,
    name,
    email,
    location
from {{ published }}.tutors
