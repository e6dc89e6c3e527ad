"""The bytes of files: the port of the object store, the local adapter, and what is kept sealed."""
