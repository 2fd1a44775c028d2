"""`python -m judgekit`."""

import sys

from judgekit.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
