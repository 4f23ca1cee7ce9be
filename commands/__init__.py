"""Groups of the command line. Like `tipline.py`, which joins them, they may know every part of the program."""
