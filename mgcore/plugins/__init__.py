"""Where ops come from: found in installed distributions, let in, listed, chosen between."""
