"""From scalar nodes to loops: matrix products, a batch axis, loops along depth, tapes."""
