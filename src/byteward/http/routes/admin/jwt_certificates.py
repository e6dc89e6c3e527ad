"""JWT certificates, as administrators register them, and a look at a JWT."""

from __future__ import annotations

from typing import Final

from byteward.access.roles import Role
from byteward.accounts.model import JwtCertificate
from byteward.errors import BytewardError, ErrorCode
from byteward.http.routes.admin.caller import administrator
from byteward.http.routes.admin.explain import check_items
from byteward.http.routes.parsing import body_as, object_of, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas.admin import configuration as schemas
from byteward.http.schemas.admin.explain import CheckItem, JwtTestAnswer, JwtTestRequest
from byteward.http.services import ApiRequest
from byteward.identity.certificates import fingerprint, parse_public_key
from byteward.ids import new_api_key_id
from byteward.openapi.operation import WRITING, Access, Operation, Tag

_CERTIFICATES: Final = "/v2/admin/accounts/{accountId}/jwtCertificates"
_CERTIFICATE: Final = f"{_CERTIFICATES}/{{certificateId}}"
_SENSITIVE: Final = (
    ErrorCode.REAUTHENTICATION_REQUIRED,
    ErrorCode.CERTIFICATE_NOT_FOUND,
    *WRITING,
)
_PEM: Final = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqocW3OQ6wSJ18UcPvnia\n"
    "yzx5i1PEXu1k0asZnUd0CRJk7aRSbWXjDTvbifMvXu9VGd1PUyIzSqKf7iEVIPje\n"
    "0HWCdR5DXwhcsN4joHJdk7/f3JJ90318gHJMTbmZE75TATfMrru3aNjvJpAmK3aA\n"
    "lfKYopIkmYzah1Ry0V+jH95zFI17omlR7asvmZE3WHHWcJ39uUfN83ZHxEh0oaDv\n"
    "W+PS+rwoktQBUFqzYSoEOgrtF8zq44PljA7YONgkLcQcfr2/NTt911VTZf5X712v\n"
    "2ru/wk29FC55Le6EorDbZnzVMNFym7nUvgWqPion3q1zcc+r9QfUg5Hl1rqCcSx+\n"
    "rQIDAQAB\n"
    "-----END PUBLIC KEY-----\n"
)
_EXAMPLE: Final = schemas.CertificateItem(
    "cert0001",
    "web app",
    True,
    _PEM,
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    2048,
    1716666258683,
)


LIST_JWT_CERTIFICATES: Final = Operation(
    id="ListJwtCertificates",
    tag=Tag.ADMIN,
    method="GET",
    path=_CERTIFICATES,
    query=None,
    body=None,
    answer=schemas.CertificateList([_EXAMPLE]),
    access=Access.DASHBOARD_USER,
    is_extension=True,
)


@handles(LIST_JWT_CERTIFICATES)
async def list_jwt_certificates(request: ApiRequest) -> schemas.CertificateList:
    """List the public keys that verify the account's JWTs."""
    by = await administrator(request, Role.ADMIN)
    found = await services_of(request).configuration.certificates(by.account_id)
    return schemas.CertificateList([_item(each) for each in found])


CREATE_JWT_CERTIFICATE: Final = Operation(
    id="CreateJwtCertificate",
    tag=Tag.ADMIN,
    method="POST",
    path=_CERTIFICATES,
    query=None,
    body=schemas.NewCertificate("web app", _PEM, "cert0001"),
    answer=_EXAMPLE,
    access=Access.DASHBOARD_USER,
    refusals=(ErrorCode.REAUTHENTICATION_REQUIRED, ErrorCode.NAME_TAKEN, *WRITING),
    is_extension=True,
)


@handles(CREATE_JWT_CERTIFICATE)
async def create_jwt_certificate(request: ApiRequest) -> schemas.CertificateItem:
    """Register a public key. Private keys and weak ones are refused."""
    by = await administrator(request, Role.ADMIN, sensitive=True)
    body = await body_as(request, CREATE_JWT_CERTIFICATE, is_authority=True)
    configuration = services_of(request).configuration
    certificate_id = body.certificate_id or new_api_key_id()
    if any(
        c.certificate_id == certificate_id for c in await configuration.certificates(by.account_id)
    ):
        raise BytewardError(
            ErrorCode.NAME_TAKEN, f"another certificate has the id `{certificate_id}`"
        )
    element = {"id": certificate_id, "name": body.name, "pem": body.pem}
    await configuration.set_element(by, "jwtCertificates", element)
    return _item(await configuration.certificate(by.account_id, certificate_id))


UPDATE_JWT_CERTIFICATE: Final = Operation(
    id="UpdateJwtCertificate",
    tag=Tag.ADMIN,
    method="PATCH",
    path=_CERTIFICATE,
    query=None,
    body=schemas.CertificateUpdate("web app", False),
    answer=_EXAMPLE,
    access=Access.DASHBOARD_USER,
    refusals=_SENSITIVE,
    is_extension=True,
)


@handles(UPDATE_JWT_CERTIFICATE)
async def update_jwt_certificate(request: ApiRequest) -> schemas.CertificateItem:
    """Rename a certificate, or turn it on or off."""
    by = await administrator(request, Role.ADMIN, sensitive=True)
    body = await object_of(request, UPDATE_JWT_CERTIFICATE)
    configuration = services_of(request).configuration
    certificate_id: str = request.path_params["certificateId"]
    await configuration.certificate(by.account_id, certificate_id)
    await configuration.set_element(by, "jwtCertificates", {**body, "id": certificate_id})
    return _item(await configuration.certificate(by.account_id, certificate_id))


DELETE_JWT_CERTIFICATE: Final = Operation(
    id="DeleteJwtCertificate",
    tag=Tag.ADMIN,
    method="DELETE",
    path=_CERTIFICATE,
    query=None,
    body=None,
    answer=None,
    status=204,
    access=Access.DASHBOARD_USER,
    refusals=_SENSITIVE,
    is_extension=True,
)


@handles(DELETE_JWT_CERTIFICATE)
async def delete_jwt_certificate(request: ApiRequest) -> None:
    """Remove a certificate. JWTs that it verified are refused from now on."""
    by = await administrator(request, Role.ADMIN, sensitive=True)
    certificate_id: str = request.path_params["certificateId"]
    await services_of(request).configuration.delete_certificate(by, certificate_id)


TEST_JWT: Final = Operation(
    id="TestJwt",
    tag=Tag.ADMIN,
    method="POST",
    path=f"{_CERTIFICATES}/test",
    query=None,
    body=JwtTestRequest("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2ln"),
    answer=JwtTestAnswer(True, [CheckItem("signature", True, "")], None),
    access=Access.DASHBOARD_USER,
    is_extension=True,
)


@handles(TEST_JWT)
async def test_jwt(request: ApiRequest) -> JwtTestAnswer:
    """See which checks a JWT passes, and which one refuses it. It is not stored."""
    by = await administrator(request, Role.VIEWER)
    body = await body_as(request, TEST_JWT)
    tested = await services_of(request).explainer.test_jwt(by.account_id, body.jwt.strip())
    return JwtTestAnswer(
        all(each.passed for each in tested.checks),
        check_items(tested.checks),
        tested.lifetime_warning,
    )


def _item(certificate: JwtCertificate) -> schemas.CertificateItem:
    return schemas.CertificateItem(
        certificate.certificate_id,
        certificate.name,
        certificate.enabled,
        certificate.pem,
        fingerprint(certificate.pem),
        parse_public_key(certificate.pem).key_size,
        certificate.created_at,
    )


HANDLERS: Final = (
    list_jwt_certificates,
    create_jwt_certificate,
    update_jwt_certificate,
    delete_jwt_certificate,
    test_jwt,
)
