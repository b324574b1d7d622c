"""What a backend is, where backends are found, and those that ship."""
