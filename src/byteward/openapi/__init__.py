"""What the operations of both planes are, for people and programs: OpenAPI 3.1 and a page of it."""
