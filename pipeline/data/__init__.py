"""Where the images come from, and which of them are drawn for what."""
