"""Its section of `params.yaml`: the settings that differ in their number of training images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pipeline.params import Params
from pipeline.params.sections import Name, Names, Section

FEWEST = 3  # sizes: a rise and a fall need a middle
DROPOUT = "dropout"


class Settings(Section):
    """The settings, from few training images to many, and the one where the largest gain is expected."""

    SETTINGS: ClassVar[tuple[str, ...]] = ("settings", "peak")
    FEW_SETTINGS: ClassVar[int] = FEWEST
    settings: Names
    peak: Name

    def faults(self, params: Params) -> Iterator[str]:
        """Yield what is wrong with the order of the settings, their variants or the peak."""
        sizes = [params.settings[name].train_size for name in self.settings]
        if len(sizes) < FEWEST or sizes != sorted({*sizes}):
            yield f"settings: expected at least {FEWEST} of growing train_size, received {sizes}"
        for name in self.settings:
            if DROPOUT not in params.candidates(name):
                yield f"settings: expected settings with the variant {DROPOUT}, received {name!r}"
        if self.peak not in self.settings[1:-1]:
            yield f"peak: expected a setting between the first and the last, received {self.peak!r}"

    @classmethod
    def toy(cls, section: dict[str, Any], content: dict[str, Any]) -> None:
        """Keep the sizes apart, which toy size would make the same."""
        for place, name in enumerate(section["settings"], start=1):
            content["settings"][name]["train_size"] = 100 * place
