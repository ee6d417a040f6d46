"""`python -m arengo`."""

import sys

from arengo.cli import main

sys.exit(main())
