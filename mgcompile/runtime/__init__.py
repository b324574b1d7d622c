"""The compiled callable and what its calls need."""
