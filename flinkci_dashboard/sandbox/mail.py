"""A mail server on loopback that delivers to nobody: what is mailed is shown with the other messages."""

import email
import email.policy
import threading
from collections.abc import Callable
from email.message import EmailMessage
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

Take = Callable[[dict[str, Any]], None]
ANSWERS = {"EHLO": "250 sandbox", "HELO": "250 sandbox", "RSET": "250 forgotten", "NOOP": "250 nothing done"}


class MailServer(ThreadingTCPServer):
    """Speaks as much SMTP (RFC 5321) as a client needs that sends one message after another."""

    daemon_threads = True

    def __init__(self, take: Take) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.take = take
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        """Return it as EMAIL_URL has it."""
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        """End it."""
        self.shutdown()
        self.server_close()


class _Session(StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        """Take what one client sends."""
        recipients: list[str] = []
        self._say("220 sandbox")
        while line := self.rfile.readline().decode(errors="replace").strip():
            verb = line[:4].upper()
            if verb == "QUIT":
                self._say("221 good bye")
                return
            if verb == "RCPT":
                recipients.append(line.partition("<")[2].partition(">")[0])
            if verb == "DATA":
                self._say("354 go on")
                self.server.take(_shown(self._data(), recipients))
                recipients = []
            taken = "250 taken" if verb in ("MAIL", "RCPT", "DATA") else "502 not known here"
            self._say(ANSWERS.get(verb, taken))

    def _data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def _shown(data: bytes, recipients: list[str]) -> dict[str, Any]:
    message = email.message_from_bytes(data, EmailMessage, policy=email.policy.default)
    body = message.get_body(("plain",))
    text = body.get_content() if body else ""
    return {"title": f"Mail to {', '.join(recipients)}: {message['Subject']}", "message": text, "to": recipients}
