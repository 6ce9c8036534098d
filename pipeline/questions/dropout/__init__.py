"""What does dropout do, in training and after?"""

ORDER = 6
READS = ("baseline", "dropout")
