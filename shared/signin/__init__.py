"""Signing in by browser: the code flow of OpenID Connect, and sessions that live on the server.

The browser holds one opaque cookie a service. The issuer's tokens never reach it, and a session ends on the server.
"""
