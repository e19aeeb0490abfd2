"""Lets `python3 -m stack109 …` run the command line."""

import sys

from stack109.cli import main

sys.exit(main(sys.argv[1:]))
