"""When does early stopping stop?"""

ORDER = 7
READS = ("baseline", "early_stopping")
