"""Object files for other programs: code of a named processor level behind functions of C."""
