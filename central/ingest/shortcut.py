"""The way of deliveries past the web framework, which takes longer for one than all that is done with it.

Whatever is not a delivery, and whatever goes wrong with one, goes the framework's own way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Flask

Answer = Callable[[dict[str, Any]], bytes]


def add_shortcut(app: Flask, path: str, answer: Answer, headers: Mapping[str, str]) -> None:
    """Let `answer` make the JSON body for each POST to exactly this path, from the request's WSGI environment.

    The route must exist too, for all that is not quite like that. What `answer` raises is given to the application's
    error handlers.
    """
    behind = app.wsgi_app
    every_time = [*headers.items(), ("Content-Type", "application/json")]

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != path or environ["REQUEST_METHOD"] != "POST":
            return behind(environ, start_response)
        try:
            body = answer(environ)
        except Exception as error:
            with app.request_context(environ):
                answered = app.process_response(app.make_response(app.handle_user_exception(error)))
                return answered(environ, start_response)
        start_response("200 OK", [*every_time, ("Content-Length", str(len(body)))])
        return [body]

    app.wsgi_app = serve  # type: ignore[method-assign]
