"""Pages about the people of an institution: who they are, what they may, who looks after it."""
