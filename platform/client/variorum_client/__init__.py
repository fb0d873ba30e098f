"""The Variorum SDK and command line. Knows no Django."""
