"""E-mail as it comes in: parts and charsets, whose it is, whether a person wrote it, and the new words in it."""
