"""The self check of what conversion does: formats, paper and export, maps, wrong input; invented people, in memory."""
