"""The state of a corpus as one page to look at: what is counted, drawn and written."""
