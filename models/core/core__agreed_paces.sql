-- One row per tutor and day from which another agreed pace is known; the first holds from the onboarding on.

with

final as (
    {{ agreed_paces(ref('stg_tutormax__tutors'), is_recomputed()) }}
)

select * from final
