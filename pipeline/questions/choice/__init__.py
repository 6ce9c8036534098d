"""How to choose?"""

ORDER = 10
