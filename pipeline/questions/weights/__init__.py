"""How do L1 and L2 differ?"""

ORDER = 3
