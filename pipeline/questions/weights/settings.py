"""Its section of `params.yaml`: the paths whose weights are compared."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.params import Params
from pipeline.questions.paths import StrengthPaths


class Settings(StrengthPaths):
    """The settings, variants and training sets of the paths whose weights are compared."""

    def faults(self, params: Params) -> Iterator[str]:
        """Yield what is no path, and the settings whose networks cannot be pruned here."""
        yield from super().faults(params)
        for name in self.settings:
            if params.settings[name].network.name != "dense":
                yield f"settings: expected settings of dense networks, received {name!r}"
