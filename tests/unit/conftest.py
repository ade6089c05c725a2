"""Worlds that are generated once for all tests of the generator."""

from __future__ import annotations

import pytest

from support.generated import (
    BUSY,
    MANY,
    SCHOOL,
    SMALL,
    World,
    make,
)


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> World:
    return make(tmp_path_factory.mktemp("small"), SMALL)


@pytest.fixture(scope="session")
def busy(tmp_path_factory) -> World:
    return make(tmp_path_factory.mktemp("busy"), BUSY)


@pytest.fixture(scope="session")
def school(tmp_path_factory) -> World:
    return make(tmp_path_factory.mktemp("school"), SCHOOL)


@pytest.fixture(params=["busy", "school"])
def world(request) -> World:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def dirty(tmp_path_factory) -> World:
    return make(tmp_path_factory.mktemp("dirty"), MANY, dirt=0.2)
