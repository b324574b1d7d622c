"""Code for what the schedule says."""
