"""What a question leaves for DVC: every number under a key that DVC does not mistake for a fault."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipeline.questions import Question
from pipeline.stages import question


class Asked(Question):
    """A question that measures an error."""

    def metrics(self, tables: Any) -> dict[str, Any]:
        return {"small": {"error": {"regret": 0.25}}, "error": 1.5}


def keys(values: Mapping[str, Any]) -> set[str]:
    """The keys at every depth."""
    nested = (keys(value) for value in values.values() if isinstance(value, Mapping))
    return set(values).union(*nested)


def test_no_key_is_called_error_at_any_depth() -> None:
    evidence = pd.DataFrame({"claim": ["1a", "1a", "1b"], "outcome": ["holds", "holds", "absent"]})
    numbers = question.numbers(Asked("asked"), {}, evidence)
    assert "error" not in keys(numbers)
    assert numbers == {
        "measured.small.error.regret": 0.25,
        "measured.error": 1.5,
        "claims.1a.absent": 0,
        "claims.1a.holds": 2,
        "claims.1b.absent": 1,
        "claims.1b.holds": 0,
    }
