"""What does dropout do, in training and after?"""

ORDER = 5
READS = ("baseline", "dropout")
