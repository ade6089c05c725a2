"""Event types that look like misspelled counted ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tutormax.operations.project import project_vars
from tutormax.validate.engines import open_engine
from tutormax.validate.tables import Contracts
from tutormax.warehouse import Target

# To Python the separators of files, groups, records and units are white space too.
_WHITE_SPACE = "".join(
    c for c in map(chr, range(0x3001)) if c.isspace() and not "\x1c" <= c <= "\x1f"
)


def odd_event_types(contracts: Contracts, target: Target) -> list[str]:
    """A sentence for each published event type that nearly equals a counted one."""
    (events,) = (table for table in contracts.published if table.name == "tutor_events")
    counted = project_vars()["enums"]["counted_event_type"]
    with open_engine(target) as engine:
        rows = engine.query(
            f"select event_type, count(*) from {events.sql} group by event_type order by 1"
        )
    return list(_sentences(rows, counted))


def _sentences(rows: Iterable[Sequence[object]], counted: Sequence[str]) -> Iterable[str]:
    for found, number in rows:
        plain = str(found).strip(_WHITE_SPACE).lower()
        for kind in counted:
            if found != kind and plain == kind:
                yield f"The event type {found!r} ({number} rows) counts as {kind}."
            elif plain != kind and differ_by_one_letter(plain, kind):
                yield f"The event type {found!r} ({number} rows) counts as nothing; {kind} counts."


def differ_by_one_letter(one: str, other: str) -> bool:
    """Whether one insertion, deletion, substitution or transposition makes them equal."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1 or one == other:
        return False
    same = next((i for i, letter in enumerate(short) if letter != long[i]), len(short))
    if len(long) > len(short):
        return short[same:] == long[same + 1 :]
    rest = short[same + 1 :] == long[same + 1 :]
    return rest or (
        short[same : same + 2] == long[same : same + 2][::-1]
        and short[same + 2 :] == long[same + 2 :]
    )
