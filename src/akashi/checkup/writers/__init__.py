"""The formats we write: standard CSV and the 特定健診 XML (hc08).

Guarantees: writers take neutral values and produce bytes. Refuses: reading anything back, or filling gaps.
"""
