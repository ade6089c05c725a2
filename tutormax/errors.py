"""The one error that reaches a person."""


class UserError(Exception):
    """What is wrong, where, and what to do about it, in one sentence; the exit code is 1."""

    exit_code = 1
