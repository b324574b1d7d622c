"""What any stage may use: compressed rows, the cache folder, the collector's pause."""
