"""The self check of what people may do here and how: proofs, rights, reviews, resets, emergencies, visits, reports, own signatures, keys."""
