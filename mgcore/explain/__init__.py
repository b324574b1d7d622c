"""What happened, in words: the chain rule written out, the first bad number, replays."""
