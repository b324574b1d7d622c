"""The blocks of words through which callers and machine code talk."""
