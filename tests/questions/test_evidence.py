"""What several questions say of their evidence: where a claim holds, variant by variant."""

from pipeline.questions.evidence import by_place, where_it_holds
from pipeline.science.verdicts import Outcome

OUTCOMES = [
    ("l2 in small", Outcome.HOLDS),
    ("drop in small", "holds"),  # as a table has it
    ("norm in small", "reversed"),
    ("stop in small", Outcome.UNKNOWN),
    ("l2 in noisy", Outcome.HOLDS),
    ("stop in noisy", "holds"),
]


def test_a_variant_holds_everywhere_somewhere_or_nowhere() -> None:
    assert where_it_holds(OUTCOMES) == (["l2", "drop"], ["stop"], ["norm"])
    assert where_it_holds([]) == ([], [], [])


def test_it_is_said_in_words() -> None:
    assert by_place(OUTCOMES, "lower", "the risk") == (
        "`l2` and `drop` lower the risk in every setting; `stop` lowers it in some settings; `norm` lowers "
        "it in none"
    )
    assert by_place(OUTCOMES[2:3], "lower", "the risk") == "`norm` lowers the risk in none"
    assert by_place([], "lower", "the risk") == ""
