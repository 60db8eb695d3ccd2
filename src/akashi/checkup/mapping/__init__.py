"""Making a map: a draft with reasons for every column, a dry run, and what changed since the last version.

Guarantees: the same file, word list and item table give the same draft; every proposal carries a confidence and its reasons;
examples are masked before they leave this package. Refuses: deciding. A proposal becomes a rule only through a person's
decision (decision 0011, point 5). Trusts: the item table and ``formats/map-words.yaml``.

``draft`` proposes, ``to_yaml`` writes the map, ``check_map`` runs it dry, ``difference`` tells two versions apart.
"""
