"""Break the compiler in one place after the other, and see what notices."""
