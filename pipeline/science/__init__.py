"""What is measured and how it is compared: numpy and scipy only, no Keras, no files."""
