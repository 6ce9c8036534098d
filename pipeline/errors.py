"""Errors that the user can mend, and how a stage reports them."""

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any


class UserError(Exception):
    """An error the user can mend.

    Its text is one clear line: the argument, what was expected, what was received, how to mend it.
    """


def expectation(fault: Mapping[str, Any]) -> str:
    """Say what pydantic has to say of a value as `expected ..., received ...`."""
    wanted = (
        fault["msg"].removeprefix("Input should be ").removeprefix("a valid ").partition(", unable to")[0]
    )
    if fault["type"] in ("dict_type", "mapping_type", "model_type"):
        wanted = "a mapping"
    return f"expected {wanted}, received {fault['input']!r}"


def reports_errors(main: Callable[[], None]) -> Callable[[], None]:
    """Wrap a stage's `main` so that a `UserError` ends it with its text instead of a traceback.

    Raises SystemExit: 1 after a `UserError` (each line on stderr as `error: <line>`), 130 and
    nothing printed after an interrupt from the keyboard. Any other exception passes through.
    """

    @wraps(main)
    def reporting() -> None:
        try:
            main()
        except UserError as error:
            for line in str(error).splitlines():
                print(f"error: {line}", file=sys.stderr)
            raise SystemExit(1) from error
        except KeyboardInterrupt as interrupt:
            # 128 + SIGINT, what a shell reports for an interrupted command.
            raise SystemExit(130) from interrupt

    return reporting
