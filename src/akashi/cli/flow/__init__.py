"""Commands between institutions about conformity: requests to vendors, and assessments from the application to the public list."""
