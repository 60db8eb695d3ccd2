"""Break-glass accounts and declared emergencies of one institution."""
