"""How much does dropout gain from how many images?"""

ORDER = 12
READS = ("baseline", "dropout")
