"""Strength paths: every candidate of some variants, trained and reported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pipeline import plan
from pipeline.params import BASELINE, Mix, Params
from pipeline.params.sections import Draws, Names, Section
from pipeline.params.studied import Studied
from pipeline.params.toy import LIMITS

if TYPE_CHECKING:
    from pipeline.evaluation.cells import Cell
    from pipeline.plan import Run
    from pipeline.questions.study import Study


SEVERAL = 6  # items of a list, from which on paths are followed in several settings


class StrengthPaths(Section):
    """Every candidate of these variants is trained and reported, one initialisation a training set."""

    SETTINGS: ClassVar[tuple[str, ...]] = ("settings",)
    VARIANTS: ClassVar[tuple[str, ...]] = ("variants",)
    settings: Names
    variants: Names
    splits: Draws

    def faults(self, params: Params) -> Iterator[str]:
        """Yield what is no path along one strength, on training sets that a setting has."""
        for name in self.settings:
            setting = params.settings[name]
            if not setting.validation_size:
                yield f"settings: expected settings that hold images out, received {name!r}"
            if self.splits > setting.splits:
                yield (
                    f"splits: expected at most the {setting.splits} training sets of {name}, "
                    f"received {self.splits}"
                )
            for variant in self.variants:
                yield from _of_path(params.candidates(name).get(variant, ()), variant, name)

    def reads(self, params: Params) -> list[str]:
        """Return the baseline and the variants."""
        return [BASELINE, *self.variants]

    def enlarged(self, params: Params) -> Self:
        """Return more training sets, as far as the settings have them."""
        known = [params.settings[name].splits for name in self.settings]
        return self.model_copy(update={"splits": min(self.splits * params.scale, *known)})

    @classmethod
    def toy(cls, section: dict[str, Any], content: dict[str, Any]) -> None:
        """Limit the training sets."""
        section["splits"] = min(section["splits"], LIMITS["splits"])

    @classmethod
    def fit(cls, section: dict[str, Any], content: dict[str, Any], studied: Studied) -> None:
        """Follow the paths in one setting where little is asked for."""
        if studied.most < SEVERAL:
            del section["settings"][1:]


def _of_path(mixes: tuple[Mix, ...], variant: str, setting: str) -> Iterator[str]:
    if not mixes:
        yield f"variants: expected variants that {setting} takes, received {variant!r}"
    elif any(part.family == "normalization" for part in mixes[0].regularizers.values()):
        # Its weights cannot be read without its statistics.
        yield f"variants: expected variants without normalization, received {variant!r}"
    elif len(_numbers(mixes[0])) != 1:
        yield (
            "variants: expected variants of one regularizer with one field, its strength, "
            f"received {variant!r}"
        )


def cells(params: Params, section: StrengthPaths, question: str) -> Iterator[plan.Cell]:
    """Yield a cell a candidate, called by its strength."""
    for name in section.settings:
        setting = params.settings[name].model_copy(update={"splits": section.splits, "inits": 1})
        for variant in section.variants:
            for mix in params.candidates(name)[variant]:
                label = _strengths(mix)
                yield plan.Cell(name, variant, [(setting, mix)], question=question, label=label, curves=False)


def of(study: Study) -> dict[tuple[str, str], list[Cell]]:
    """Return the cells of every path in the order of its strengths, by setting and variant."""
    section = study.section
    paths: dict[tuple[str, str], list[Cell]] = {
        (s, v): [] for s in section.settings for v in section.variants
    }
    for cell in study.own(*section.variants):
        paths[cell.setting, cell.variant].append(cell)
    return paths


def strength(run: Run) -> float:
    """Return the strength of a run: the one number of its one regularizer; 0 without a regularizer."""
    values = [value for fields in run.regularizers.values() for value in fields.values()]
    return next((float(value) for value in values if not isinstance(value, bool)), 0.0)


def _strengths(mix: Mix) -> str:
    return " ".join(f"{field}={value:g}" for field, value in _numbers(mix))


def _numbers(mix: Mix) -> list[tuple[str, float]]:
    """Return the fields of the regularizers with their values, but options that are on or off."""
    fields = [item for part in mix.regularizers.values() for item in part.model_dump().items()]
    return [(field, value) for field, value in fields if not isinstance(value, bool)]
