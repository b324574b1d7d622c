"""The intermediate representation: statements over arrays through index maps."""
