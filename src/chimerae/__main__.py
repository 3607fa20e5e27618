"""`python -m chimerae`."""

import sys

from chimerae.cli import main

sys.exit(main())
