"""Use cases with people, devices, rights, emergencies and visits: permission first, then the work, then the journal."""
