"""The `byteward` command: one module for each subcommand, parsed by `main`."""
