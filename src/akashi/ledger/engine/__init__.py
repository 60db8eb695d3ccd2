"""The embedded engine below its service: group commit, the chain in memory, copies."""
