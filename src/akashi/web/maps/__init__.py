"""The pages where a clerk makes a map: the shelf, columns one by one, a trial on a file, approval."""
