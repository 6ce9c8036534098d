"""What is overfitting, and what does regularization do about it?"""

ORDER = 1
