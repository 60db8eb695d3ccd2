"""Commands about a home: make it, try it, serve it, copy it."""
