"""The figure of every probe: `draw(tables) -> Figure` in the module of its name."""
