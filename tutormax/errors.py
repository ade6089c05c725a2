"""The error that users see."""


class UserError(Exception):
    """Says what is wrong, where, and what to do; the exit code is 1."""

    exit_code = 1
