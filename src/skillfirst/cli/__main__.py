"""`python -m skillfirst.cli`: the same as `skillfirst`."""

from skillfirst.cli.main import main

main()
