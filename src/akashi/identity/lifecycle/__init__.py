"""Joining, moving, leaving: departments, applications for rights, periodic reviews, resets."""
