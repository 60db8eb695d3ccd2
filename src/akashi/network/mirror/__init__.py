"""The isolated mirror: carried one-way bundles, a follower on a private link, recovery from the mirror alone."""
