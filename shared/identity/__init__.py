"""Who a client is: bearer tokens of an OpenID Connect issuer, verified by its published keys."""

from shared.identity.principal import Principal
from shared.identity.tokens import IdentityUnavailable, TokenRefused, TokenVerifier

__all__ = ["IdentityUnavailable", "Principal", "TokenRefused", "TokenVerifier"]
