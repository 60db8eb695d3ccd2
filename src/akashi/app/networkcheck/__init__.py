"""Probes of what keeps the service's data alive and honest: several servers, copies, mirrors, rehearsals, outside anchors."""
