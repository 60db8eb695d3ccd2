"""Words of findings and judgements as data: loaded, folded, looked up, and extended by decisions.

Guarantees: a text is unified only where every sign of it is accounted for; all else stays verbatim and is queued.
Refuses: guessing, dropping a doubt or a negation, and one institution's meaning for another's letters. Trusts the
files it is given; their schema is in docs/checkup-terms.md.
"""
