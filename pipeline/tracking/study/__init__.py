"""What of this study goes into MLflow, from what DVC keeps; docs/tracking.md."""
