-- One row per row of raw.students: typed, with the rules it breaks and whether it is accepted.
{% set rules = {
    'student_id_missing': is_blank('student_id'),
    'student_id_too_long': is_too_long('student_id', 50),
    'name_missing': is_blank('name'),
    'name_too_long': is_too_long('name', 200),
    'age_out_of_range': is_outside('age', 3, 120),
    'grade_level_too_long': is_too_long('grade_level', 50)
} %}

with

source as (
    select * from {{ raw_rows('students') }}
),

renamed as (
    select
        -- ids
        coalesce(student_id, '') as record_key,
        student_id,

        -- text
        name,
        grade_level,
        subjects_interested,

        -- numbers
        age,

        -- timestamps
        created_at,
        updated_at,

        -- arrival
        _loaded_at as loaded_at
    from source
),

judged as (
    select
        *,
        {{ violated_rules(rules, people=['student_id']) }} as rule_violations
    from renamed
),

{{ resolve_versions('judged', table='students', key='student_id', updated='updated_at') }},

final as (
    select
        -- ids
        record_key,
        duplicate_number,
        student_id,

        -- text
        name,
        grade_level,
        subjects_interested,

        -- numbers
        age,

        -- timestamps
        created_at,
        updated_at,

        -- arrival
        loaded_at,

        -- verdict
        {{ rejection_reasons(none) }} as reasons,
        coalesce(verdict = 'accepted', false) as is_accepted,
        {{ this_build() }} as changed_in_build
    from settled
)

select * from final
