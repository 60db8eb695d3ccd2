"""Akashi judges itself: probes that try the running system, put together where the parts may meet."""
