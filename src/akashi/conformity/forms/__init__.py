"""Sheets as people know them: workbooks, disclosures and questionnaires, in and out."""
