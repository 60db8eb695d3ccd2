"""Routes about emergencies, visits of maintainers, the life of devices, keys, signed documents, and institutions that join or leave."""
