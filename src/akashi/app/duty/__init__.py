"""Use cases of emergencies and visits: permission first, then the work, then the journal."""
