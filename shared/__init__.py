"""The event contract and the kit that every service stands on."""
