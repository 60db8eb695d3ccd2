"""Catalogues, crosswalks and the derived sheet: data with a loader that refuses what does not hold together."""
