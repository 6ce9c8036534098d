"""What is asked for: cells, by the settings and by questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.params import BASELINE, TUNED_BASELINE, Mix, Params, Setting

# A condition and the regularizers under it; None is the empty mix.
Candidate = tuple[Setting, Mix | None]


@dataclass(frozen=True)
class Cell:
    """A method under a condition, as somebody asks for it.

    `setting` names the condition whose training sets it takes. Each of the `candidates` is a condition, whose
    `splits` and `inits` are the replicates wanted, and the regularizers under it. Several of them are chosen
    from by `trials` training sets after those reported. A cell of a question has its name, and a `label` that
    tells it from the question's others of this setting and variant: steps of letters, digits, `.=+-_`, with
    slashes between. `curves` asks for scores after every epoch, `shift_every` for the covariate shift every
    so many batches.
    """

    setting: str
    variant: str
    candidates: Sequence[Candidate]
    trials: int = 0
    question: str = ""
    label: str = ""
    curves: bool = True
    shift_every: int = 0

    @property
    def stage(self) -> str:
        """Return what trains it: the plan of the variant, or of the baseline, tuned or not."""
        return BASELINE if self.variant == TUNED_BASELINE else self.variant


def of_settings(params: Params) -> Iterator[Cell]:
    """Yield the cells of every setting: the baseline, the tuned baseline, and its variants."""
    for name, setting in params.settings.items():
        yield Cell(name, BASELINE, [(setting, None)])
        if setting.validation_size:
            lists = params.tuning.baseline
            candidates: list[Candidate] = [
                (setting.trained(epochs, rate), None)
                for epochs, rate in zip(lists.epochs, lists.learning_rate, strict=True)
            ]
            yield Cell(name, TUNED_BASELINE, candidates, params.tuning.splits)
        for variant, mixes in params.candidates(name).items():
            yield Cell(name, variant, [(setting, mix) for mix in mixes], params.tuning.splits)
