"""How well finished objects show what was asked for, as a frozen image-text model sees it."""
