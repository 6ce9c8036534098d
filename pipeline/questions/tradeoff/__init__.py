"""What does it do to bias and variance?"""

ORDER = 2
