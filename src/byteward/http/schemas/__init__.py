"""The shapes of JSON bodies; the only place where names are camelCase."""
