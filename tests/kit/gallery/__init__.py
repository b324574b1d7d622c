"""Ops written on purpose, good and broken, that the conformance kit has to tell apart."""
