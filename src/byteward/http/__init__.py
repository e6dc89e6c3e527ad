"""HTTP: requests into use cases, results and errors into responses."""
