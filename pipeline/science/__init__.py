"""What is measured and how it is compared: functions of arrays, without Keras and without files."""
