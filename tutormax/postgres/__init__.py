"""A private PostgreSQL for trials and tests, and the migrations of raw.

`binaries` finds PostgreSQL's programs and the account to run them as, `server` runs a server in a
data folder, `commands` is the `tutormax postgres` command line, `migrate` applies the migrations.
"""
