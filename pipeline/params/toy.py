"""How large a study at toy size may be."""

# No more than this of each; what is smaller already stays.
LIMITS = {"train_size": 500, "batch_size": 500, "validation_size": 500, "epochs": 3, "splits": 3, "inits": 3}
CANDIDATES = 2
