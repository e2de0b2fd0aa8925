"""Sign-in as Entra answers it: metadata of the cloud, openid configuration, and tokens for client credentials."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from scanner.simulator.answer import Answer, arm_error


class Login:
    """Issues and checks tokens; they are shaped like JWTs, signed by nobody, and good on this simulator only."""

    def __init__(self, tenant_id: str, client_id: str, client_secret: str, object_id: str, lifetime: int) -> None:
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.client_secret = client_secret
        self.object_id = object_id
        self.lifetime = lifetime
        self.issued = 0

    def metadata(self, url: str) -> Answer:
        """`/metadata/endpoints` as Azure Stack and private clouds answer it."""
        return Answer(200, {
            "name": "simulator", "resourceManager": url, "microsoftGraphResourceId": f"{url}/graph/",
            "authentication": {"loginEndpoint": url, "audiences": [f"{url}/arm"], "tenant": self.tenant_id, "identityProvider": "AAD"},
            "suffixes": {"storage": "core.simulator.invalid", "keyVaultDns": "vault.simulator.invalid"},
        })  # fmt: skip

    def answer(self, path: str, form: dict[str, str], url: str) -> Answer | None:
        """An answer to a sign-in call; None when the path is none."""
        parts = path.strip("/").split("/")
        if parts[-2:] == [".well-known", "openid-configuration"]:
            base = f"{url}/{parts[0]}"
            return Answer(200, {
                "issuer": f"{base}/v2.0", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token", "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            })  # fmt: skip
        if parts[-1] == "token" and "oauth2" in parts:
            return self._token(parts[0], form)
        return None

    def _token(self, tenant: str, form: dict[str, str]) -> Answer:
        if tenant != self.tenant_id.lower():
            return _refused("invalid_request", f"AADSTS90002: Tenant '{tenant}' not found.")
        secret = form.get("client_secret") == self.client_secret or "client_assertion" in form
        if form.get("client_id") != self.client_id or not secret:
            return _refused("invalid_client", "AADSTS7000215: Invalid client secret provided.")
        audience = form.get("scope", "").removesuffix("/.default")
        self.issued += 1
        now = int(time.time())
        claims = {
            "aud": audience,
            "exp": now + self.lifetime,
            "iat": now,
            "oid": self.object_id,
            "tid": self.tenant_id,
            "appid": self.client_id,
        }
        token = ".".join((_encoded({"alg": "none", "typ": "JWT"}), _encoded(claims), "simulator"))
        return Answer(
            200,
            {
                "token_type": "Bearer",
                "expires_in": self.lifetime,
                "ext_expires_in": self.lifetime,
                "access_token": token,
            },
        )

    def check(self, authorization: str, audience: str) -> Answer | None:
        """None when the bearer token is good for the audience, else the 401."""
        claims = _claims(authorization)
        challenge = {"WWW-Authenticate": f'Bearer authorization_uri="/{self.tenant_id}", error="invalid_token"'}
        if claims is None:
            return arm_error(
                401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.", challenge
            )
        if claims.get("aud", "").rstrip("/") != audience.rstrip("/"):
            return arm_error(
                401,
                "InvalidAuthenticationTokenAudience",
                "The access token has been obtained for wrong audience or resource.",
                challenge,
            )
        if claims.get("exp", 0) < time.time():
            return arm_error(
                401,
                "ExpiredAuthenticationToken",
                "The access token expiry UTC time is earlier than current UTC time.",
                challenge,
            )
        return None


def _refused(error: str, text: str) -> Answer:
    return Answer(401, {"error": error, "error_description": text, "error_codes": [7000215]})


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _claims(authorization: str) -> dict[str, Any] | None:
    scheme, _, token = authorization.partition(" ")
    parts = token.split(".")
    if scheme.lower() != "bearer" or len(parts) != 3:
        return None
    try:
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    except ValueError:
        return None
    return claims
