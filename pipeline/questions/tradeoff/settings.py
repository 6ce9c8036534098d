"""Its section of `params.yaml`: the paths along which bias and variance are followed."""

from pipeline.questions.paths import StrengthPaths


class Settings(StrengthPaths):
    """The settings, variants and training sets of the paths along which bias and variance are followed."""
