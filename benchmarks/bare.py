"""The bare baselines: FastAPI under uvicorn as the gateway runs it, which reads each request and answers bytes.

Usage: python -m benchmarks.bare PORT BYTES
"""

import sys

import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import Response


def create(size: int) -> FastAPI:
    """Return an application that answers `size` bytes to a POST at `/async` and `/def`."""
    app, answer = FastAPI(openapi_url=None), b"x" * size

    @app.post("/async")
    async def evidence(request: Request) -> Response:
        await request.body()
        return Response(answer, media_type="application/json")

    @app.post("/def")
    def token(_request: Request) -> Response:
        return Response(answer, media_type="application/json")

    return app


if __name__ == "__main__":
    port, size = map(int, sys.argv[1:])
    uvicorn.run(
        create(size),
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
    )
