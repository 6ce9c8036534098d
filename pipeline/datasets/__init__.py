"""Where the images come from, and which of them each replicate trains on."""
