"""Requirements of builds on Spark: Java, and the packages of the extra `spark`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib.util import find_spec

from tutormax.errors import UserError

OLDEST_JAVA = 17


def check_packages() -> None:
    """Raise `UserError` if the packages for dbt on Spark are missing."""
    if find_spec("pyspark") is None or find_spec("dbt.adapters.spark") is None:
        raise UserError(
            "pyspark or dbt-spark is not installed here; `make build TARGET=spark` installs them, "
            "or `pip install 'tutormax[spark]'`."
        )


def check_java() -> int:
    """The version of the Java that Spark would start.

    Raises:
        UserError: there is none, or it is too old.
    """
    remedy = f"install Java {OLDEST_JAVA} or later, or name one in JAVA_HOME"
    home = os.environ.get("JAVA_HOME")
    # The same order as Spark's.
    java = shutil.which("java", path=f"{home}/bin" if home else None)
    if java is None:
        where = f"{home}/bin, where JAVA_HOME points" if home else "PATH"
        raise UserError(f"Spark needs Java, and there is none in {where}; {remedy}.")
    version = _java_version(java)
    if version is None:
        raise UserError(f"{java} does not say which version of Java it is; {remedy}.")
    if version < OLDEST_JAVA:
        raise UserError(f"{java} is Java {version}, too old for Spark; {remedy}.")
    return version


def _java_version(java: str) -> int | None:
    try:
        said = subprocess.run([java, "-version"], check=False, capture_output=True, text=True)
    except OSError:
        return None
    # Before Java 9 the versions were 1.8 and so on.
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr)
    return int(found.group(1)) if found and said.returncode == 0 else None
