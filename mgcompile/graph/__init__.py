"""The recorded graph as flat arrays, and its rewrites to one form."""
