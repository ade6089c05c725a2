"""Which event types look like one another."""

from __future__ import annotations

import pytest

from tutormax.validate.event_types import differ_by_one_letter


@pytest.mark.parametrize("other", ["logn", "loginn", "lopin", "ligin", "lgoin", "logni", "xlogin"])
def test_one_letter(other: str) -> None:
    assert differ_by_one_letter("login", other)
    assert differ_by_one_letter(other, "login")


@pytest.mark.parametrize("other", ["login", "lgion", "logout", "log", "nigol", "", "loginxx"])
def test_none_or_more(other: str) -> None:
    assert not differ_by_one_letter("login", other)
    assert not differ_by_one_letter(other, "login")
