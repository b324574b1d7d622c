"""The ``mg`` command."""
