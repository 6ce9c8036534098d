"""`params.yaml` written for the user's own data: a study of minutes, from its sizes and its time."""

from pipeline.adapt.command import run as run
