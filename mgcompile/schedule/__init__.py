"""When and where statements run: decided as data, before any code is written."""
