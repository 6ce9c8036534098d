"""Does it help to penalise large weights?"""

ORDER = 4
