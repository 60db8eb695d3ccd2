"""The 特定健診・特定保健指導 archive: names, index, summary, claims, the zip itself, and what a receiver checks.

Guarantees: an archive is written as a stream with reproducible bytes; an archive that is read is never unpacked to disk
and is bounded in members, sizes and ratios. Refuses: members that lead outside, links, encryption, nested archives.
Trusts: nobody's index: counts and totals are made again and compared.
"""
