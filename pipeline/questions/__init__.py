"""The questions of the source text, each in a folder of its own."""

from pipeline.questions.base import Question, Tables, discover, load

__all__ = ["Question", "Tables", "discover", "load"]
