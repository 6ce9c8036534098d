"""Training: from a planned run to its result."""
