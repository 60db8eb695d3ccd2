"""One person's results for people to read: grouped visits, a view, an A4 PDF, a page, a text, and the emergency export.

Guarantees: everything shown was given by a source; what is not done or not measurable is said in words. Refuses: L/N/H, judgements
or colours of our own, and putting two people together on anything less than name, birth, sex and a number.
"""
