"""Pure helpers without models. Every room may import them; they import no room."""
