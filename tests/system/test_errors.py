"""What the user sees when a stage ends early."""

import pytest

from pipeline.system.errors import UserError, reports_errors


def test_a_user_error_becomes_lines_on_stderr_and_code_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @reports_errors
    def main() -> None:
        raise UserError("rate: expected 0 to 1, received 2\nmend it in params.yaml")

    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: rate: expected 0 to 1, received 2\nerror: mend it in params.yaml\n"


def test_an_interrupt_is_silent_and_has_code_130(capsys: pytest.CaptureFixture[str]) -> None:
    @reports_errors
    def main() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "")


def test_a_bug_keeps_its_traceback() -> None:
    @reports_errors
    def main() -> None:
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        main()


def test_a_stage_that_ends_well_is_left_alone() -> None:
    calls = []

    @reports_errors
    def main() -> None:
        """Prepare the data."""
        calls.append("ran")

    main()
    assert calls == ["ran"]
    assert main.__name__ == "main"
    assert main.__doc__ == "Prepare the data."
