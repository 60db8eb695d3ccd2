"""Routes about the people of an institution: the same use cases as the pages."""
