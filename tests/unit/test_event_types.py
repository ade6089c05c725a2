"""Which event types look like one another."""

from __future__ import annotations

import pytest

from tutormax.validate.event_types import _sentences, differ_by_one_letter


@pytest.mark.parametrize("other", ["logn", "loginn", "lopin", "ligin", "lgoin", "logni", "xlogin"])
def test_one_letter(other: str) -> None:
    assert differ_by_one_letter("login", other)
    assert differ_by_one_letter(other, "login")


@pytest.mark.parametrize("other", ["login", "lgion", "logout", "log", "nigol", "", "loginxx"])
def test_none_or_more(other: str) -> None:
    assert not differ_by_one_letter("login", other)
    assert not differ_by_one_letter(other, "login")


def test_white_space_is_what_it_is_to_sql() -> None:
    types = ["\u3000LOGIN\x85", "\x1flogin", "login", "other"]
    assert list(_sentences([(kind, 1) for kind in types], ["login"])) == [
        "The event type '\\u3000LOGIN\\x85' (1 rows) counts as login.",
        "The event type '\\x1flogin' (1 rows) counts as nothing; login counts.",
    ]
