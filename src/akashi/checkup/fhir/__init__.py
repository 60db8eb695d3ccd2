"""健診結果報告書 as HL7 FHIR document Bundles (the JAMI profile, eCheckup 1.5.0): written, read and checked.

Guarantees: what is written has no finding in our own checker; what is read comes from the bytes handed in and from
nowhere else. Refuses: resolving a reference over a network, L/N/H or a judgement that a source does not give, a JSON
with repeated keys. Trusts: the item table, and the context that names the sending institution.
"""
