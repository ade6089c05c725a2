"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from tutormax.warehouse import RawTarget, Target

_ENGINE = typer.Option("--target", envvar="TUTORMAX_TARGET", help="The engine the warehouse is on.")

TargetOption = Annotated[Target, _ENGINE]
RawTargetOption = Annotated[RawTarget, _ENGINE]
