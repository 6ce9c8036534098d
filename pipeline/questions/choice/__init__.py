"""How to choose?"""

ORDER = 9
