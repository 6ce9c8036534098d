"""Errors that the user can mend, and how a stage reports them."""

import sys
from collections.abc import Callable
from functools import wraps


class UserError(Exception):
    """An error the user can mend.

    Its text is one clear line: the argument, what was expected, what was received, how to mend it.
    """


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
