"""A Bot API server on loopback: real HTTP, the rules of the real one, and faults by script.

    async with FakeBotApi() as fake:
        citizen = fake.user(1001)
        citizen.says("/start")
        await citizen.hears("开始举报")
        citizen.presses("开始举报")

What it keeps to: updates are handed out again until a higher offset confirms them; a webhook is pushed
again until it answers 200; limits of text, buttons and files; unknown chats and blocked bots are refused.
Every call is written down with its time in `fake.calls`.
"""

import asyncio
import json
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.fakes.citizen import Citizen

TOKEN = "424242:made-up-token-of-the-tests_0123456"
MAX_DOWNLOAD = 20 * 1024 * 1024
ALLOWED_TAGS = {"b", "strong", "i", "em", "u", "s", "code", "pre", "a", "tg-spoiler", "blockquote", "span"}


class ApiError(Exception):
    """An answer with ok=false."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass
class Call:
    """One call of the bot, with what it got for it."""

    method: str
    params: dict[str, Any]
    files: dict[str, bytes]
    at: float
    status: int = 0


@dataclass
class Fault:
    """What goes wrong with one call. Times count down; `accepts` = the call has its effect all the same."""

    kind: str
    seconds: float = 0.0
    error: ApiError | None = None
    accepts: bool = False


def rate_limited(seconds: int) -> Fault:
    return Fault(
        "error", error=ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
    )


def server_error(status: int = 502) -> Fault:
    return Fault("error", error=ApiError(status, "Bad Gateway"))


def bad_request(description: str) -> Fault:
    return Fault("error", error=ApiError(400, f"Bad Request: {description}"))


def forbidden() -> Fault:
    return Fault("error", error=ApiError(403, "Forbidden: bot was blocked by the user"))


def hang(seconds: float) -> Fault:
    """No answer for so long; then the connection is closed."""
    return Fault("hang", seconds=seconds)


def truncated() -> Fault:
    """An answer that breaks off in the middle."""
    return Fault("truncated")


def lost_answer() -> Fault:
    """The call has its effect, but its answer never arrives."""
    return Fault("closed", accepts=True)


@dataclass
class Message:
    """A message in a chat, as the citizen sees it now."""

    chat_id: int
    message_id: int
    text: str
    entities: list[dict[str, Any]] = field(default_factory=list)
    buttons: list[list[dict[str, Any]]] = field(default_factory=list)
    is_deleted: bool = False

    def button_texts(self) -> list[str]:
        return [button["text"] for row in self.buttons for button in row]

    def marked(self, kind: str) -> list[str]:
        """The parts that an entity marks: marked("code")."""
        units = self.text.encode("utf-16-le")
        return [
            units[entity["offset"] * 2 : (entity["offset"] + entity["length"]) * 2].decode("utf-16-le")
            for entity in self.entities
            if entity["type"] == kind
        ]


@dataclass
class Webhook:
    url: str = ""
    secret: str = ""
    last_error: str = ""
    attempts: int = 0


class FakeBotApi:
    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.bot_id = int(token.split(":", 1)[0])
        self.calls: list[Call] = []
        self.messages: dict[int, list[Message]] = defaultdict(list)
        self.files: dict[str, tuple[bytes, int, str]] = {}
        self.citizens: dict[int, Citizen] = {}
        self.blocked: set[int] = set()
        self.open_callbacks: dict[str, int] = {}
        self.callback_answers: list[dict[str, Any]] = []
        self.webhook = Webhook()
        self.commands: dict[str, list[dict[str, str]]] = {}
        self.next_update_id = 700_000_001
        self.next_message_id = 1
        self.file_downloads = 0
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        self._missing: set[str] = set()
        self._queue: list[dict[str, Any]] = []
        self._held: list[dict[str, Any]] | None = None
        self._changed = asyncio.Event()
        self._poller: asyncio.Event | None = None

    # ------------------------------------------------------------ running

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=60 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._serve_method)
        app.router.add_get("/file/bot{token}/{path:.+}", self._serve_file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.root = f"http://{host}:{port}"
        self._pusher = asyncio.create_task(self._push_forever())
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._pusher.cancel()
        with suppress(asyncio.CancelledError):
            await self._pusher
        if self._poller:
            self._poller.set()
        await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        """For TIPLINE_TELEGRAM_API_URL."""
        return f"{self.root}/bot"

    @property
    def file_url(self) -> str:
        """For TIPLINE_TELEGRAM_FILE_URL."""
        return f"{self.root}/file/bot"

    # ------------------------------------------------------------ steering

    def user(self, user_id: int, *, language: str = "zh-hans") -> Citizen:
        """A person with a private chat."""
        if user_id not in self.citizens:
            self.citizens[user_id] = Citizen(self, user_id, language=language)
        return self.citizens[user_id]

    def script(self, method: str, *faults: Fault) -> None:
        """The next calls of `method` fail so, one after the other; "*" stands for any method."""
        self._faults[method].extend(faults)

    def lacks(self, *methods: str) -> None:
        """A server that never heard of these methods."""
        self._missing.update(methods)

    def count(self, method: str) -> int:
        return sum(call.method == method for call in self.calls)

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def add_update(self, kind: str, body: dict[str, Any]) -> int:
        """Queue an update for the bot."""
        update_id = self.next_update_id
        self.next_update_id += 1
        self.queue_raw({"update_id": update_id, kind: body})
        return update_id

    def queue_raw(self, update: dict[str, Any]) -> None:
        """Queue an update just as it is: also to deliver one again, or with a number out of order."""
        target = self._queue if self._held is None else self._held
        target.append(json.loads(json.dumps(update)))
        self._wake()

    def hold(self) -> None:
        """Keep new updates back until release()."""
        self._held = []

    def release(self, *, is_reversed: bool = False) -> None:
        held, self._held = self._held or [], None
        self._queue.extend(reversed(held) if is_reversed else held)
        self._wake()

    @property
    def pending(self) -> int:
        """How many updates are not yet confirmed."""
        return len(self._queue)

    async def drained(self, seconds: float = 10) -> None:
        """Wait until the bot has confirmed everything."""
        async with asyncio.timeout(seconds):
            while self._queue:
                await asyncio.sleep(0.01)

    def add_file(self, data: bytes, *, size: int | None = None, path: str | None = None) -> str:
        file_id = f"file-{len(self.files) + 1}"
        self.files[file_id] = (data, len(data) if size is None else size, path or f"any/{file_id}")
        return file_id

    def new_message_id(self) -> int:
        self.next_message_id += 1
        return self.next_message_id

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    # ------------------------------------------------------------ serving

    async def _serve_method(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return answer_error(ApiError(401, "Unauthorized"))
        method = request.match_info["method"]
        params, files = await read_params(request)
        call = Call(method, params, files, time.monotonic())
        self.calls.append(call)
        fault = self._next_fault(method)
        if fault and not fault.accepts:
            return await self._suffer(request, fault, call)
        try:
            response = web.json_response({"ok": True, "result": await self._run(method, params, files)})
        except ApiError as error:
            response = answer_error(error)
        if fault:
            return await self._suffer(request, fault, call)
        call.status = response.status
        return response

    def _next_fault(self, method: str) -> Fault | None:
        for name in (method, "*"):
            if self._faults[name]:
                return self._faults[name].pop(0)
        return None

    async def _suffer(self, request: web.Request, fault: Fault, call: Call) -> web.StreamResponse:
        if fault.kind == "error" and fault.error:
            call.status = fault.error.code
            return answer_error(fault.error)
        if fault.kind == "truncated":
            response = web.StreamResponse(
                headers={"Content-Type": "application/json", "Content-Length": "999"}
            )
            await response.prepare(request)
            await response.write(b'{"ok": true, "resu')
        else:
            await asyncio.sleep(fault.seconds)
        if request.transport:
            request.transport.abort()
        return web.Response()

    async def _run(self, method: str, params: dict[str, Any], files: dict[str, bytes]) -> Any:
        handler = getattr(self, f"_do_{method.lower()}", None)
        if handler is None or method in self._missing:
            raise ApiError(404, "Not Found: method not found")
        return await handler(params, files)

    async def _serve_file(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return web.Response(status=401)
        self.file_downloads += 1
        fault = self._next_fault("file")
        if fault:
            return await self._suffer(request, fault, Call("file", {}, {}, time.monotonic()))
        for data, _size, path in self.files.values():
            if path == request.match_info["path"]:
                return web.Response(body=data)
        return web.Response(status=404)

    # ------------------------------------------------------------ updates

    async def _do_getupdates(self, params: dict[str, Any], _files: dict[str, bytes]) -> list[dict[str, Any]]:
        if self.webhook.url:
            raise ApiError(409, "Conflict: can't use getUpdates method while webhook is active")
        if self._poller:
            self._poller.set()  # a second poller ends the first one's call
        mine = self._poller = asyncio.Event()
        offset = int(params.get("offset") or 0)
        if offset > 0:
            self._queue = [update for update in self._queue if update.get("update_id", 0) >= offset]
        end = time.monotonic() + float(params.get("timeout") or 0)
        while not self._queue and time.monotonic() < end and not mine.is_set():
            changed = asyncio.ensure_future(self._changed.wait())
            ended = asyncio.ensure_future(mine.wait())
            await asyncio.wait(
                {changed, ended}, timeout=end - time.monotonic(), return_when="FIRST_COMPLETED"
            )
            changed.cancel()
            ended.cancel()
        if mine.is_set():
            raise ApiError(409, "Conflict: terminated by other getUpdates request")
        self._poller = None
        return self._queue[: int(params.get("limit") or 100)]

    async def _do_setwebhook(self, params: dict[str, Any], _files: dict[str, bytes]) -> bool:
        self.webhook = Webhook(params.get("url", ""), params.get("secret_token", ""))
        self._wake()
        return True

    async def _do_deletewebhook(self, _params: dict[str, Any], _files: dict[str, bytes]) -> bool:
        self.webhook = Webhook()
        return True

    async def _do_getwebhookinfo(self, _params: dict[str, Any], _files: dict[str, bytes]) -> dict[str, Any]:
        info: dict[str, Any] = {
            "url": self.webhook.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._queue),
        }
        if self.webhook.last_error:
            info |= {"last_error_date": int(time.time()), "last_error_message": self.webhook.last_error}
        return info

    async def _push_forever(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as client:
            while True:
                changed = self._changed
                if not (self.webhook.url and self._queue):
                    await changed.wait()
                    continue
                update = self._queue[0]
                if await self._push(client, update):
                    if update in self._queue:
                        self._queue.remove(update)
                else:
                    await asyncio.sleep(0.05)  # the real one waits longer

    async def _push(self, client: aiohttp.ClientSession, update: dict[str, Any]) -> bool:
        self.webhook.attempts += 1
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.secret} if self.webhook.secret else {}
        try:
            async with client.post(self.webhook.url, json=update, headers=headers) as response:
                self.webhook.last_error = (
                    "" if response.status == 200 else f"Wrong response: {response.status}"
                )
        except (aiohttp.ClientError, TimeoutError) as error:
            self.webhook.last_error = type(error).__name__
        return not self.webhook.last_error

    # ------------------------------------------------------------ messages

    async def _do_getme(self, _params: dict[str, Any], _files: dict[str, bytes]) -> dict[str, Any]:
        return self.bot_user() | {"can_join_groups": True, "can_read_all_group_messages": False}

    def bot_user(self) -> dict[str, Any]:
        return {"id": self.bot_id, "is_bot": True, "first_name": "举报", "username": "tipline_test_bot"}

    async def _do_sendmessage(self, params: dict[str, Any], _files: dict[str, bytes]) -> dict[str, Any]:
        chat_id = self._check_chat(params)
        text, entities = parse_text(params)
        buttons = parse_buttons(params)
        message = Message(chat_id, self.new_message_id(), text, entities, buttons)
        self.messages[chat_id].append(message)
        self._show(message)
        return self._as_json(message)

    async def _do_editmessagetext(self, params: dict[str, Any], _files: dict[str, bytes]) -> dict[str, Any]:
        message = self._find(params)
        text, entities = parse_text(params)
        buttons = parse_buttons(params)
        if (message.text, message.buttons) == (text, buttons):
            raise ApiError(400, "Bad Request: message is not modified")
        message.text, message.entities, message.buttons = text, entities, buttons
        self._show(message)
        return self._as_json(message)

    async def _do_editmessagereplymarkup(
        self, params: dict[str, Any], _files: dict[str, bytes]
    ) -> dict[str, Any]:
        message = self._find(params)
        message.buttons = parse_buttons(params)
        return self._as_json(message)

    async def _do_deletemessages(self, params: dict[str, Any], _files: dict[str, bytes]) -> bool:
        chat_id, numbers = int(params["chat_id"]), load_json(params["message_ids"])
        if not 1 <= len(numbers) <= 100:
            raise ApiError(400, "Bad Request: wrong number of messages")
        for number in numbers:  # those that are gone are passed over
            with suppress(ApiError):
                await self._do_deletemessage({"chat_id": chat_id, "message_id": number}, {})
        return True

    async def _do_deletemessage(self, params: dict[str, Any], _files: dict[str, bytes]) -> bool:
        chat_id, message_id = int(params["chat_id"]), int(params["message_id"])
        for message in self.messages[chat_id]:
            if message.message_id == message_id:
                message.is_deleted = True
                return True
        if message_id in self.user(chat_id).sent_ids:
            self.user(chat_id).sent_ids.remove(message_id)
            return True
        raise ApiError(400, "Bad Request: message to delete not found")

    async def _do_answercallbackquery(self, params: dict[str, Any], _files: dict[str, bytes]) -> bool:
        if len(params.get("text", "")) > 200:
            raise ApiError(400, "Bad Request: MESSAGE_TOO_LONG")
        if self.open_callbacks.pop(params["callback_query_id"], None) is None:
            raise ApiError(
                400, "Bad Request: query is too old and response timeout expired or query ID is invalid"
            )
        self.callback_answers.append(params)
        return True

    async def _do_sendchataction(self, params: dict[str, Any], _files: dict[str, bytes]) -> bool:
        self._check_chat(params)
        return True

    async def _do_setmycommands(self, params: dict[str, Any], _files: dict[str, bytes]) -> bool:
        commands = load_json(params["commands"])
        if not all(0 < len(c["command"]) <= 32 and 0 < len(c["description"]) <= 256 for c in commands):
            raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
        self.commands[params.get("language_code", "")] = commands
        return True

    async def _do_senddocument(self, params: dict[str, Any], files: dict[str, bytes]) -> dict[str, Any]:
        return self._send_file("document", params, files, 50 * 1024 * 1024)

    async def _do_sendphoto(self, params: dict[str, Any], files: dict[str, bytes]) -> dict[str, Any]:
        return self._send_file("photo", params, files, 10 * 1024 * 1024)

    def _send_file(
        self, kind: str, params: dict[str, Any], files: dict[str, bytes], limit: int
    ) -> dict[str, Any]:
        chat_id = self._check_chat(params)
        data = next(iter(files.values()), b"")
        if len(data) > limit:
            raise ApiError(413, "Request Entity Too Large")
        if len(params.get("caption", "")) > 1024:
            raise ApiError(400, "Bad Request: message caption is too long")
        message = Message(chat_id, self.new_message_id(), params.get("caption", ""))
        self.messages[chat_id].append(message)
        self._show(message)
        file = {"file_id": self.add_file(data), "file_unique_id": "u", "file_size": len(data)}
        return self._as_json(message) | (
            {kind: file} if kind == "document" else {kind: [file | {"width": 1, "height": 1}]}
        )

    async def _do_getfile(self, params: dict[str, Any], _files: dict[str, bytes]) -> dict[str, Any]:
        found = self.files.get(params.get("file_id", ""))
        if found is None:
            raise ApiError(400, "Bad Request: invalid file_id")
        _data, size, path = found
        if size > MAX_DOWNLOAD:
            raise ApiError(400, "Bad Request: file is too big")
        return {
            "file_id": params["file_id"],
            "file_unique_id": params["file_id"],
            "file_size": size,
            "file_path": path,
        }

    # ------------------------------------------------------------ parts

    def _check_chat(self, params: dict[str, Any]) -> int:
        chat_id = int(params["chat_id"])
        if chat_id in self.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if chat_id > 0 and chat_id not in self.citizens:
            raise ApiError(400, "Bad Request: chat not found")
        return chat_id

    def _find(self, params: dict[str, Any]) -> Message:
        chat_id = self._check_chat(params)
        for message in self.messages[chat_id]:
            if message.message_id == int(params["message_id"]) and not message.is_deleted:
                return message
        raise ApiError(400, "Bad Request: message to edit not found")

    def _show(self, message: Message) -> None:
        if message.chat_id in self.citizens:
            self.citizens[message.chat_id].see(message)

    def _as_json(self, message: Message) -> dict[str, Any]:
        return {
            "message_id": message.message_id,
            "date": int(time.time()),
            "chat": {"id": message.chat_id, "type": "private" if message.chat_id > 0 else "supergroup"},
            "from": self.bot_user(),
            "text": message.text,
            "entities": message.entities,
        }


# ---------------------------------------------------------------- reading what the bot sends


async def read_params(request: web.Request) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Parameters by query, form, JSON or multipart: the Bot API takes all four."""
    params: dict[str, Any] = dict(request.query)
    files: dict[str, bytes] = {}
    if request.content_type == "application/json":
        params |= await request.json()
    elif request.method == "POST":
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                files[name] = value.file.read()
            else:
                params[name] = value
    return params, files


def answer_error(error: ApiError) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return web.json_response(body, status=error.code)


def load_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def parse_buttons(params: dict[str, Any]) -> list[list[dict[str, Any]]]:
    markup = load_json(params.get("reply_markup") or "{}")
    rows: list[list[dict[str, Any]]] = markup.get("inline_keyboard", [])
    for button in (button for row in rows for button in row):
        data = button.get("callback_data")
        if data is not None and not 1 <= len(data.encode()) <= 64:
            raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
        if not button.get("text"):
            raise ApiError(400, "Bad Request: BUTTON_TEXT_INVALID")
    return rows


def parse_text(params: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    text, entities = params.get("text", ""), load_json(params.get("entities") or "[]")
    match params.get("parse_mode"):
        case None:
            pass
        case "HTML":
            text, entities = parse_html(text)
        case other:
            raise ApiError(400, f"Bad Request: the tests do not know parse mode {other}")
    if not text.strip():
        raise ApiError(400, "Bad Request: message text is empty")
    if len(text.encode("utf-16-le")) // 2 > 4096:
        raise ApiError(400, "Bad Request: message is too long")
    return text, entities


class EntityParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.entities: list[dict[str, Any]] = []
        self.open: list[tuple[str, int]] = []

    def position(self) -> int:
        return len(self.text.encode("utf-16-le")) // 2

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED_TAGS:
            raise ApiError(400, f'Bad Request: can\'t parse entities: Unsupported start tag "{tag}"')
        self.open.append((tag, self.position()))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1][0] != tag:
            raise ApiError(400, "Bad Request: can't parse entities: Unexpected end tag")
        _tag, start = self.open.pop()
        kind = {"b": "bold", "strong": "bold", "i": "italic", "tg-spoiler": "spoiler"}.get(tag, tag)
        self.entities.append({"type": kind, "offset": start, "length": self.position() - start})

    def handle_data(self, data: str) -> None:
        self.text += data


def parse_html(text: str) -> tuple[str, list[dict[str, Any]]]:
    parser = EntityParser()
    parser.feed(text)
    parser.close()
    if parser.open:
        raise ApiError(400, "Bad Request: can't parse entities: Can't find end tag")
    return parser.text, parser.entities
