"""The reference interpreter: slow, obvious, the oracle of every other backend."""
