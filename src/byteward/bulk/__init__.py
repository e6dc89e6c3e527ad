"""Work on many files at once: asked for by requests, done by jobs a step at a time."""
