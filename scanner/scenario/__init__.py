"""The scenario language: what an organisation intends, loaded with its lines and written onto the estate."""
