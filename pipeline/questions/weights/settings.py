"""Its section of `params.yaml`: the paths whose weights are compared."""

from pipeline.questions.paths import StrengthPaths


class Settings(StrengthPaths):
    """The settings, variants and training sets of the paths whose weights are compared."""
