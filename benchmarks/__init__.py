"""Paired ratios: two things measured alternately in one run, never a clock against a constant."""
