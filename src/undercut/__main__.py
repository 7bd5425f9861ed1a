"""`python -m undercut` is the command `undercut`."""

from undercut.cli.main import main

if __name__ == "__main__":
    main()
