"""Its section of `params.yaml`: the learning rates and networks of the comparison."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from pipeline.params import BASELINE, AnyNetwork, Params, Setting
from pipeline.params.sections import Count, Draws, Name, Rate, Section, Strict
from pipeline.params.studied import Studied
from pipeline.params.toy import LIMITS

TOY_RATES = 3  # spread over the list


class Shift(Strict):
    """Where the internal covariate shift is measured, and every how many batches."""

    learning_rate: Rate
    every: Count


class Settings(Section):
    """A variant and the baseline at many learning rates, on the data of a setting."""

    SETTINGS: ClassVar[tuple[str, ...]] = ("setting",)
    VARIANTS: ClassVar[tuple[str, ...]] = ("variant",)
    setting: Name
    variant: Name
    splits: Draws
    epochs: Count
    optimizer: Literal["adam", "sgd"]
    rates: Annotated[list[Rate], Field(min_length=2)]
    networks: Annotated[dict[Name, AnyNetwork], Field(min_length=1)]
    shift: Shift

    def faults(self, params: Params) -> Iterator[str]:
        """Yield what the setting or the variant cannot do."""
        setting = params.settings[self.setting]
        if not setting.validation_size:
            yield f"setting: expected settings that hold images out, received {self.setting!r}"
        if self.splits > setting.splits:
            yield (
                f"splits: expected at most the {setting.splits} training sets of {self.setting}, "
                f"received {self.splits}"
            )
        if len({f"{rate:g}" for rate in self.rates}) < len(self.rates):  # the labels of their cells
            yield f"rates: expected rates that differ, received {self.rates}"
        if len(params.variants[self.variant]) > 1:
            yield f"variant: expected a variant with a single candidate, received {self.variant!r}"

    def reads(self, params: Params) -> list[str]:
        """Return the baseline and the variant; beside them, the settings' own batch normalization."""
        return [BASELINE, self.variant, "batch_norm"]

    def trained(self, params: Params) -> dict[str, Setting]:
        """Return the setting with every network, by the network's place in the section."""
        setting = params.settings[self.setting]
        return {
            f"networks.{name}": setting.model_copy(update={"network": network})
            for name, network in self.networks.items()
        }

    def enlarged(self, params: Params) -> Self:
        """Return more training sets, as far as the setting has them."""
        most = params.settings[self.setting].splits
        return self.model_copy(update={"splits": min(self.splits * params.scale, most)})

    @classmethod
    def toy(cls, section: dict[str, Any], content: dict[str, Any]) -> None:
        """Limit training sets and epochs, and leave a few rates."""
        for name in ("splits", "epochs"):
            section[name] = min(section[name], LIMITS[name])
        _thin(section["rates"], TOY_RATES)

    @classmethod
    def fit(cls, section: dict[str, Any], content: dict[str, Any], studied: Studied) -> None:
        """Leave a few rates, and the networks that take images of any size; change no network's width."""
        _thin(section["rates"], max(studied.most, TOY_RATES))
        networks = section["networks"]
        for name in [name for name, network in networks.items() if "dense" not in network]:
            if len(networks) > 1:
                del networks[name]


def _thin(rates: list[float], count: int) -> None:
    """Leave about so many rates, spread over the list; in place, which keeps the file as it is written."""
    kept = range(0, len(rates), max(1, (len(rates) - 1) // (count - 1)))
    for place in reversed(range(len(rates))):
        if place not in kept:
            del rates[place]
