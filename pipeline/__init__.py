"""A reproducible study of what regularization does to a classifier of images."""

from pipeline.system import surroundings

surroundings.settle()  # before any library is imported
