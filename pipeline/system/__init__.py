"""The ground that all other rooms stand on: checkout, files, errors, processes, text."""
