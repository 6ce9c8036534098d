"""The questions of the source text, each in a folder of its own."""

from pipeline.questions.base import Question, Tables, asked, discover, load

__all__ = ["Question", "Tables", "asked", "discover", "load"]
