"""The local issuer: who is who on a platform that runs on one machine, without a sign-in of the province."""

from deploy.issuer.local import IssuerMissing, LocalIssuer

__all__ = ["IssuerMissing", "LocalIssuer"]
