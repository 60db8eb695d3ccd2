"""The data files that steer a conversion: item tables, maps, format definitions.

Guarantees: a file that loads is complete and consistent; one that does not names its line. Refuses: opening
paths (callers hand in text). Trusted: whoever can change these files can change what a result means, which is
why a map's approval becomes an operation on the ledger.
"""
