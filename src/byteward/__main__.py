"""`python -m byteward` is the `byteward` command."""

from byteward.cli.main import main

if __name__ == "__main__":
    main()
