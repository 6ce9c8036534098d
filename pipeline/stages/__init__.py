"""One file a DVC stage: parse, call, write."""
