"""A reproducible study of what regularization does to a classifier of images."""
