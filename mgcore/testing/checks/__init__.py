"""The checks, one small function each, by subject; `mgcore.testing.table` lists them."""
