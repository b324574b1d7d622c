"""Machine code in memory: compiled, cached, loaded, called."""
