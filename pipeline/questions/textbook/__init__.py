"""Does dropout help in the textbook program?"""

ORDER = 8
READS = ("baseline", "dropout")
