"""`ansinh import`: send lists to a running platform, watch them being worked off, get back what was refused."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from deploy.acting import NotSignedIn, signed_in
from deploy.demo.progress import Progress
from deploy.people import OFFICER
from shared import csv_text, spreadsheets

REFUSED_ROWS, REFUSED_FILE, LOST = 2, 3, 4  # exit codes; 0 is everything registered

_KINDS = {".csv": csv_text.MEDIA_TYPE, ".xlsx": spreadsheets.MEDIA_TYPE}
_PIECE = 1 << 18
_TRIES = 30  # seconds without an answer until we give up watching; the job goes on


class _Refused(Exception):
    """The platform answered with a problem."""


def import_households(
    file: Annotated[
        Path, typer.Argument(help="CSV or XLSX, a row a member", exists=True, dir_okay=False, readable=True)
    ],
    url: Annotated[str, typer.Option(help="where the platform answers", envvar="ANSINH_URL")] = "http://localhost:8080",
    source: Annotated[str, typer.Option(help="whose household references the file has")] = "list",
    trial: Annotated[bool, typer.Option("--trial", help="say what would be, and register nothing")] = False,
    errors: Annotated[
        Path | None, typer.Option(help="where refused households go; FILE.errors.csv or .xlsx if absent")
    ] = None,
    actor: Annotated[str, typer.Option(help="who sends, where ANSINH_TOKEN does not say it")] = OFFICER,
    home: Annotated[
        Path, typer.Option(envvar="ANSINH_HOME", help="folder of the platform that runs on this machine")
    ] = Path(".ansinh"),
) -> None:
    """Register the households of a CSV or XLSX file.

    What is wrong goes to a file that can be corrected and sent. Sending a file again does no harm. Ends with 0 when all
    is registered, 2 when households were refused, 3 when the file was refused, 4 when the platform was lost.
    """
    try:
        headers = signed_in(home, actor)
    except NotSignedIn as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(REFUSED_FILE) from error
    with httpx.Client(base_url=url, headers=dict(headers), timeout=600) as client:
        try:
            result = _followed(client, _sent(client, file, source, trial=trial))
            _tell(client, result, errors or file.with_suffix(f".errors{_suffix(file)}"))
        except _Refused as refusal:
            typer.echo(f"✗ {refusal}", err=True)
            raise typer.Exit(REFUSED_FILE) from refusal
        except httpx.TransportError as error:
            typer.echo(
                "✗ Mất liên lạc; việc nhập vẫn tiếp tục nếu tệp đã gửi xong. Gửi lại chính tệp đó để xem tiếp. / "
                f"Connection lost ({type(error).__name__}); the import goes on if the file had been sent. "
                "Send the same file to watch on.",
                err=True,
            )
            raise typer.Exit(LOST) from error
        if result["refused"]:
            raise typer.Exit(REFUSED_ROWS)


def _suffix(file: Path) -> str:
    return ".xlsx" if file.suffix.lower() == ".xlsx" else ".csv"


def _sent(client: httpx.Client, file: Path, source: str, *, trial: bool) -> Mapping[str, Any]:
    """Send the file and return its job."""
    headers = {"Content-Type": _KINDS[_suffix(file)], "Content-Length": str(file.stat().st_size)}
    answer = client.post(
        "/registry/v1/household-imports",
        params={"source": source, "trial": trial},
        content=_pieces(file),
        headers=headers,
    )
    job: Mapping[str, Any] = _body(answer)
    return job


def _pieces(file: Path) -> Iterator[bytes]:
    progress = Progress()
    progress.begin(max(file.stat().st_size, 1))
    progress.doing("byte gửi đi / bytes sent")
    with file.open("rb") as content:
        while piece := content.read(_PIECE):
            yield piece
            progress.step(len(piece))


def _body(answer: httpx.Response) -> Any:
    if answer.is_error:
        answer.read()
        try:
            problem = answer.json()
        except ValueError:
            raise _Refused(f"{answer.status_code}: {answer.text[:200]}") from None
        errors = [f"\n  {each['pointer']}: {each['message']}" for each in problem.get("errors", ())]
        raise _Refused(problem.get("detail", "") + "".join(errors))
    return answer.json()


def _followed(client: httpx.Client, job: Mapping[str, Any]) -> Mapping[str, Any]:
    """Watch a job to its end, whatever breaks off in between, and return its result."""
    progress, seen = Progress(), 0
    path = job["events_url"].removesuffix("/events")
    while job["finished_at"] is None:
        for job in _states(client, job):  # noqa: B020 - each state stands in for the one before
            if seen == 0 and job["progress"]["total"]:
                progress.begin(job["progress"]["total"])
                progress.doing("dòng / rows")
            if job["progress"]["done"] > seen:
                progress.step(job["progress"]["done"] - seen)
                seen = job["progress"]["done"]
        job = _asked(client, path)
    if job["problem"] is not None:
        raise _Refused(job["problem"]["detail"])
    result: Mapping[str, Any] = job["result"]
    return result


def _states(client: httpx.Client, job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give the states of a job as they are told, until it ends or the line breaks."""
    try:
        with client.stream("GET", job["events_url"]) as answer:
            if answer.is_error:
                _body(answer)
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))
    except httpx.TransportError:
        return


def _asked(client: httpx.Client, path: str) -> Mapping[str, Any]:
    """Return a job as it stands; wait for a platform that is away.

    Raises:
        httpx.TransportError: it does not come back.
    """
    for attempt in range(_TRIES):
        try:
            answer = client.get(path)
            if answer.status_code not in (502, 503, 504):
                job: Mapping[str, Any] = _body(answer)
                return job
        except httpx.TransportError:
            if attempt == _TRIES - 1:
                raise
        time.sleep(1)
    raise httpx.ConnectError("away")


_MENDING = "Sửa các hộ bị từ chối rồi gửi lại danh sách"  # whole numbers are given for a purpose


def _tell(client: httpx.Client, result: Mapping[str, Any], errors: Path) -> None:
    if result["trial"]:
        typer.echo("Kiểm tra thử, chưa ghi gì: / A trial, nothing is registered:")
    typer.echo(
        f"Đã ghi {result['created']} hộ, {result['people']} người; {result['unchanged']} hộ đã có; "
        f"{result['refused']} hộ bị từ chối. / {result['created']} households with {result['people']} people "
        f"registered, {result['unchanged']} known already, {result['refused']} refused."
    )
    if not result["refused"]:
        return
    address, purpose = f"{result['errors_url']}{_suffix(errors)}", {"purpose": _MENDING}
    with client.stream("GET", address, params=purpose) as answer, errors.open("wb") as file:
        if answer.is_error:
            _body(answer)
        for piece in answer.iter_bytes():
            file.write(piece)
    typer.echo(f"Sửa rồi gửi lại: {errors} / Correct it and send it again.")
