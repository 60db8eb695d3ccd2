"""Institutions' own layouts: bytes to rows, layout recognition, and the compiled engine that applies a map.

Guarantees: reads forward once, memory flat in the number of rows. Refuses: going on without a required column.
Trusts: the map, which an institution has approved.
"""
