"""Probes over the network: they touch registered targets with recorded consent and no other address."""
