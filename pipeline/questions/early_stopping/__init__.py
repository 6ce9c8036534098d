"""When does early stopping stop?"""

ORDER = 6
READS = ("baseline", "early_stopping")
