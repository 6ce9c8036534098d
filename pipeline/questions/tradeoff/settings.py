"""Its section of `params.yaml`: the paths along which bias and variance are followed."""

from pipeline.params import Params
from pipeline.questions.paths import StrengthPaths


class Settings(StrengthPaths):
    """The settings, variants and training sets of the paths along which bias and variance are followed."""

    def reads(self, params: Params) -> list[str]:
        """Return every stage: all variants are looked at, at the strengths that were chosen."""
        return params.stages
