"""The user's own data: read from the formats that people have, checked, and brought to one form."""

from pipeline.datasets.own.reading import read as read
