"""A person at the other end of the fake Bot API: what he does becomes updates, what he sees is written down."""

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.botapi import FakeBotApi, Message

WAIT_SECONDS = 15.0


class Citizen:
    def __init__(self, fake: "FakeBotApi", user_id: int, *, language: str) -> None:
        self.fake = fake
        self.user_id = user_id
        self.language = language
        self.sent_ids: list[int] = []
        self.seen: list[Message] = []
        self._read_to = 0
        self._news = asyncio.Event()

    # ------------------------------------------------------------ doing

    def says(self, text: str, *, chat: dict[str, Any] | None = None) -> int:
        """Send a text; gives the update's number."""
        return self.sends({"text": text}, chat=chat)

    def sends(self, content: dict[str, Any], *, chat: dict[str, Any] | None = None, **more: Any) -> int:
        message_id = self.fake.new_message_id()
        self.sent_ids.append(message_id)
        return self.fake.add_update("message", self._message(message_id, content, chat) | more)

    def edits(self, text: str) -> int:
        """Change the text of the last message sent."""
        message = self._message(self.sent_ids[-1], {"text": text}, None) | {"edit_date": int(time.time())}
        return self.fake.add_update("edited_message", message)

    def sends_photo(self, data: bytes, *, caption: str | None = None, album: str | None = None) -> int:
        small, large = self.fake.add_file(data[:50]), self.fake.add_file(data)
        sizes = [
            {"file_id": small, "file_unique_id": small, "width": 90, "height": 90, "file_size": 50},
            {"file_id": large, "file_unique_id": large, "width": 900, "height": 900, "file_size": len(data)},
        ]
        return self._sends_file({"photo": sizes}, caption, album)

    def edits_photo(self, data: bytes, *, caption: str = "") -> int:
        """Put another picture into the last message sent."""
        found = self.fake.add_file(data)
        size = {"file_id": found, "file_unique_id": found, "width": 9, "height": 9, "file_size": len(data)}
        content = {"photo": [size]} | ({"caption": caption} if caption else {})
        message = self._message(self.sent_ids[-1], content, None) | {"edit_date": int(time.time())}
        return self.fake.add_update("edited_message", message)

    def sends_document(
        self,
        data: bytes,
        *,
        name: str = "证据.pdf",
        media_type: str = "application/pdf",
        caption: str | None = None,
        size: int | None = None,
    ) -> int:
        return self._sends_file(
            {"document": self._file(data, size) | {"file_name": name, "mime_type": media_type}}, caption, None
        )

    def sends_voice(self, data: bytes) -> int:
        return self._sends_file(
            {"voice": self._file(data) | {"duration": 3, "mime_type": "audio/ogg"}}, None, None
        )

    def sends_video(self, data: bytes, *, size: int | None = None) -> int:
        video = self._file(data, size) | {"duration": 3, "width": 9, "height": 9, "mime_type": "video/mp4"}
        return self._sends_file({"video": video}, None, None)

    def sends_location(self) -> int:
        return self.sends({"location": {"latitude": 33.58, "longitude": 114.01}})

    def sends_sticker(self) -> int:
        sticker = self._file(b"x") | {
            "type": "regular",
            "width": 9,
            "height": 9,
            "is_animated": False,
            "is_video": False,
        }
        return self.sends({"sticker": sticker})

    def sends_album(
        self, photos: list[bytes], *, caption: str | None = None, caption_on: int = 0
    ) -> list[int]:
        """Several photos at once: one update each, tied by one group id."""
        album = f"album-{self.fake.next_update_id}"
        return [
            self.sends_photo(photo, album=album, caption=caption if index == caption_on else None)
            for index, photo in enumerate(photos)
        ]

    def presses(self, button: str, *, message: "Message | None" = None) -> int:
        """Tap a button: on the given message, else on the newest visible one that has it."""
        messages = [message] if message else reversed(self.screen())
        for shown in messages:
            for found in (b for row in shown.buttons for b in row):
                if button in found["text"] and "callback_data" in found:
                    return self.taps(found["callback_data"], shown)
        raise AssertionError(f"no button {button!r}; there are {self.buttons()}")

    def taps(self, data: str, message: "Message") -> int:
        """A callback with any data, also data that no button ever had."""
        query_id = f"q{self.fake.next_update_id}"
        self.fake.open_callbacks[query_id] = self.user_id
        body = {
            "id": query_id,
            "from": self.user(),
            "chat_instance": str(self.user_id),
            "data": data,
            "message": self.fake._as_json(message),
        }
        return self.fake.add_update("callback_query", body)

    def blocks_bot(self) -> int:
        self.fake.blocked.add(self.user_id)
        member = {"user": self.fake.bot_user()}
        return self.fake.add_update(
            "my_chat_member",
            {
                "chat": self.chat(),
                "from": self.user(),
                "date": int(time.time()),
                "old_chat_member": member | {"status": "member"},
                "new_chat_member": member | {"status": "kicked", "until_date": 0},
            },
        )

    # ------------------------------------------------------------ seeing

    def see(self, message: "Message") -> None:
        self.seen.append(replace(message))  # as it looked then; it may be edited later
        self._news.set()

    def screen(self) -> list["Message"]:
        """The bot's messages that are visible now."""
        return [m for m in self.fake.messages[self.user_id] if not m.is_deleted]

    @property
    def last(self) -> "Message":
        return self.screen()[-1]

    def buttons(self) -> list[str]:
        """Texts of the buttons under the newest message."""
        return self.last.button_texts() if self.screen() else []

    async def hears(self, words: str, *, seconds: float = WAIT_SECONDS) -> "Message":
        """Wait for a message, new since the last one heard, that holds these words."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._news.clear()
                    for index in range(self._read_to, len(self.seen)):
                        if words in self.seen[index].text:
                            self._read_to = index + 1
                            return self.seen[index]
                    await self._news.wait()
        except TimeoutError:
            new = "\n---\n".join(m.text for m in self.seen[self._read_to :]) or "(nothing new)"
            raise AssertionError(f"never heard {words!r}; heard:\n{new}") from None

    async def hears_nothing(self, *, seconds: float = 0.5) -> None:
        """Nothing new arrives for a while."""
        self._read_to = len(self.seen)
        await asyncio.sleep(seconds)
        new = [m.text for m in self.seen[self._read_to :]]
        assert not new, new

    # ------------------------------------------------------------ parts

    def user(self) -> dict[str, Any]:
        return {"id": self.user_id, "is_bot": False, "first_name": "某某", "language_code": self.language}

    def chat(self) -> dict[str, Any]:
        return {"id": self.user_id, "type": "private", "first_name": "某某"}

    def _message(
        self, message_id: int, content: dict[str, Any], chat: dict[str, Any] | None
    ) -> dict[str, Any]:
        where = chat or self.chat()
        head = {"message_id": message_id, "date": int(time.time()), "chat": where, "from": self.user()}
        text = content.get("text", "")
        if text.startswith("/"):
            length = len(text.split()[0])
            head["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        return head | content

    def _file(self, data: bytes, size: int | None = None) -> dict[str, Any]:
        file_id = self.fake.add_file(data, size=size)
        return {
            "file_id": file_id,
            "file_unique_id": file_id,
            "file_size": len(data) if size is None else size,
        }

    def _sends_file(self, content: dict[str, Any], caption: str | None, album: str | None) -> int:
        more = {}
        if caption is not None:
            more["caption"] = caption
        if album is not None:
            more["media_group_id"] = album
        return self.sends(content | more)
