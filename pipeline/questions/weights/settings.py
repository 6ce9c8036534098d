"""Its section of `params.yaml`: the paths whose weights are compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from pipeline.params import Params
from pipeline.params.sections import Rate
from pipeline.params.toy import CANDIDATES
from pipeline.questions.paths import StrengthPaths


class Settings(StrengthPaths):
    """The settings, variants and training sets of the paths whose weights are compared.

    `proximal` has the strengths of L1 by proximal steps. They count per learning rate and not per loss, so
    they are of another size than those of the penalty. Without a variant that is L1 alone they are not used.
    """

    proximal: list[Rate] = Field(default_factory=list)

    def faults(self, params: Params) -> Iterator[str]:
        """Yield what is no path, strengths that are given twice, and networks that cannot be pruned here."""
        yield from super().faults(params)
        if len(set(self.proximal)) < len(self.proximal):
            yield f"proximal: expected strengths that differ, received {self.proximal}"
        for name in self.settings:
            if params.settings[name].network.name != "dense":
                yield f"settings: expected settings of dense networks, received {name!r}"

    @classmethod
    def toy(cls, section: dict[str, Any], content: dict[str, Any]) -> None:
        """Limit the training sets and the strengths."""
        super().toy(section, content)
        if "proximal" in section:
            del section["proximal"][CANDIDATES:]
