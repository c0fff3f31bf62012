"""What the mail server of the tests does with mails: each becomes a file, beside what was said around it."""

import base64
import itertools
import json
import os

from aiosmtpd.smtp import AuthResult


class Box:
    @classmethod
    def from_cli(cls, parser, folder):
        return cls(folder)

    def __init__(self, folder):
        self.folder = folder
        self.numbers = itertools.count()

    async def auth_PLAIN(self, server, args):
        if len(args) != 2:
            return AuthResult(success=False, handled=False)
        _, login, password = base64.b64decode(args[1]).decode().split("\0")
        good = [login, password] == self.setting("login", "").split("\n")
        return AuthResult(success=good, handled=False, auth_data=login)

    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = self.setting("refuse", "")
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        received = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": session.ssl is not None,
            "login": session.auth_data,
            "content": envelope.content.decode(),
        }
        name = os.path.join(self.folder, f"{os.getpid()}-{next(self.numbers):06}")
        with open(name + ".draft", "w") as file:
            json.dump(received, file)
        os.rename(name + ".draft", name + ".json")
        return "250 OK, kept"

    def setting(self, name, default):
        try:
            with open(os.path.join(self.folder, name)) as file:
                return file.read()
        except FileNotFoundError:
            return default
