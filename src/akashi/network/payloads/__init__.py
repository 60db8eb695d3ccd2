"""Sealed payloads on several servers: pushed before they are announced, fetched where they are missing, erased everywhere."""
