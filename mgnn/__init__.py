"""Neural nets built from registered ops."""
