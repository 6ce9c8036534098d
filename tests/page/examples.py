"""Small hand-made numbers that several tests look at: changes of variants, and what a text says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import params
from pipeline.params import Params
from pipeline.params.sections import Section
from pipeline.questions import Question

SUMMARY = {
    "baseline": {"test_error": 9.916, "cross_entropy_gap": 0.4194},
    "drop": {"test_error": 8.641},
    "ridge": {"test_error": 9.1},
    "norm": {"test_error": 10.5},
    "stop": {"test_error": 10.9},
}
DIFFERENCES: dict[str, dict[str, float]] = {
    "ridge": {"test_error": -0.816, "p": 0.001, "cross_entropy_gap": -0.1, "p_gap": 0.06},
    "drop": {"test_error": -1.275, "p": 0.001, "cross_entropy_gap": -0.1, "p_gap": 0.01},
    "norm": {"test_error": 0.584, "p": 0.02, "cross_entropy_gap": 0.1, "p_gap": 0.01},
    "stop": {"test_error": 0.984, "p": 0.03, "cross_entropy_gap": -0.1, "p_gap": 0.05},
}


def changed(table: Mapping[str, Any], **changes: Mapping[str, float]) -> dict[str, Any]:
    return {variant: row | changes.get(variant, {}) for variant, row in table.items()}


FACTS = re.compile(
    r"`\w+`|[-+]?\d+(?:,\d{3})*(?:\.\d+)?%?|"
    r"\b(?:none|no|lower(?:ed|s)?|raise[ds]?|narrow(?:ed)?|widened|saves|later)\b"
)


def facts(text: str) -> str:
    """What a text says, whatever its words: its names, its numbers, and which way a thing goes."""
    return " ".join(FACTS.findall(text))


@dataclass(frozen=True)
class Asked(Question):
    """A question that lies in no folder."""

    title: str = ""
    order: int = 0


def checked(raw: Mapping[str, Any], **sections: type[Section]) -> Params:
    """The checked parameters of a study that asks these questions alone, by default one without keys."""
    sections = sections or {"plain": Section}
    return params.check({**raw, "questions": {name: {} for name in sections}}, sections)
