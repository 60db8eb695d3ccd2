"""Private keys inside a PKCS#11 module: the key store asks it to sign and to unwrap, and never gets a key."""
