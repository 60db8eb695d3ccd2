"""特定健診 XML (HL7 CDA as the ministry profiles it): hc08 checkup and hg08 guidance documents, written and read.

Guarantees: what is written is valid against the ministry's v4 schemas; what is read is parsed with no entities, no
network and bounded size. Refuses: guessing values that an XML does not state. Trusts: the item table.
"""
