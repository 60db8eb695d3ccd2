"""Transfers between two institutions: send, receive, confirm, withdraw, refuse, expire, erase."""
