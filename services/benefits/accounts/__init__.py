"""The accounts that money can go to: each stands here once, sealed; people and orders name it by its id."""
