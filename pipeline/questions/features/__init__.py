"""Do penalties make the network look at what matters?"""

ORDER = 5
READS = ("baseline", "l1", "l2", "dropout", "early_stopping")
