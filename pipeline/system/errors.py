"""Errors that the user can correct, and how a stage reports them."""

import difflib
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any


class UserError(Exception):
    """An error that the user can correct.

    Its text is one line: the argument, what was expected, what was received, how to correct it.
    """


def expectation(fault: Mapping[str, Any]) -> str:
    """Return what pydantic reports of a value, as `expected ..., received ...`."""
    expected = (
        fault["msg"].removeprefix("Input should be ").removeprefix("a valid ").partition(", unable to")[0]
    )
    if fault["type"] in ("dict_type", "mapping_type", "model_type"):
        expected = "a mapping"
    return f"expected {expected}, received {fault['input']!r}"


def meant(given: object, known: Iterable[str]) -> str:
    """Return `; did you mean 'l2'?`, to end a line about an unknown name; nothing where none is near."""
    near = difflib.get_close_matches(str(given), list(known), n=1, cutoff=0.7)
    return f"; did you mean {near[0]!r}?" if near else ""


def unknown(given: object, known: Iterable[str]) -> str:
    """Return `expected one of l1, l2, received 'l22'; did you mean 'l2'?`."""
    names = list(known)
    return f"expected one of {', '.join(names)}, received {given!r}{meant(given, names)}"


def reports_errors(main: Callable[[], None]) -> Callable[[], None]:
    """Wrap a stage's `main` so that a `UserError` ends it with its text instead of a traceback.

    Raises SystemExit. The code is 1 after a `UserError`, whose lines go to stderr as `error: <line>`,
    and 130 after an interrupt from the keyboard, which prints nothing. Other exceptions pass through.
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
            # 128 + SIGINT: what a shell reports for an interrupted command.
            raise SystemExit(130) from interrupt

    return reporting
