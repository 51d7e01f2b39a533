"""What infra/stack asks of its MongoDB-protocol server: `ping <port>`, or `create-user <port>`,
which takes the password from standard input."""

import sys

import pymongo
from pymongo.errors import PyMongoError

action, port = sys.argv[1:]
admin = pymongo.MongoClient(
    "127.0.0.1", int(port), directConnection=True, serverSelectionTimeoutMS=2000, timeoutMS=2000
).admin
try:
    if action == "ping":
        admin.command("hello")
    else:
        admin.command("createUser", "weir", pwd=sys.stdin.read(), roles=["root"])
except PyMongoError as error:
    sys.exit(f"{action}: {error}")
