"""The level of confidence of every interval and the level of every test. Change it here and nowhere else."""

LEVEL = 0.95
ALPHA = round(1.0 - LEVEL, 12)  # rounded, because 1 - 0.95 is not 0.05 in its last digit
PERCENT = f"{100.0 * LEVEL:g} %"
"""The level as captions write it: "95 %"."""
