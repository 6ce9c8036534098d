"""What figures share: the look, colours, and plots that several questions draw."""
