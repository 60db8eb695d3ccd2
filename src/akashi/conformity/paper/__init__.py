"""What leaves on paper and in folders: the view of a run, the A4 report, the evidence folder, libraries for other tools."""
