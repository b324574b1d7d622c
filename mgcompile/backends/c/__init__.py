"""Programs as C99 that a person can read, and that needs nothing but libm."""
