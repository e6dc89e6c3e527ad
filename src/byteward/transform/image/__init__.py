"""Images: parameters, geometry and the plan (pure); libvips behind a process boundary."""
