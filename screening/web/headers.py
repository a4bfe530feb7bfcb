"""Security headers on every response, errors included. Why by hand: docs/decisions/0002."""

from flask import Flask, Response

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
)
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "autoplay",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS_POLICY,
    # Not no-referrer: over https the CSRF check reads the Referer.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
HSTS = "max-age=31536000; includeSubDomains"
FOREVER = "public, max-age=31536000, immutable"


def install(app: Flask, *, https: bool) -> None:
    """Set the headers on all of the app's responses; HSTS only when it is served by https."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.extend(HEADERS)
        if https:
            response.headers["Strict-Transport-Security"] = HSTS
        if response.headers.get("Cache-Control") != FOREVER:
            response.headers["Cache-Control"] = "no-store"
        return response
