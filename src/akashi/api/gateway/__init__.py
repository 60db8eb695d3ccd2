"""The REST API of a gateway: what an institution's own systems and people call."""
