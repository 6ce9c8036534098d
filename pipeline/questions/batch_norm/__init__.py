"""What does batch normalization do?"""

ORDER = 8
