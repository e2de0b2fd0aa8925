"""The estate as one graph: its vocabulary, the compact store, and how records become nodes."""
