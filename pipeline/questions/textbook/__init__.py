"""Does dropout help in the textbook program?"""

ORDER = 9
READS = ("baseline", "dropout")
