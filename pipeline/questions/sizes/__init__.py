"""How much does dropout gain from how many images?"""

ORDER = 11
READS = ("baseline", "dropout")
