"""The programs of the manager's benchmark with Python's BaseManager: see manager-client.ts.

    base_manager.py serve
    base_manager.py master|slave|locker PORT
"""

import json
import queue
import sys
import threading
import time
from multiprocessing.managers import AcquirerProxy, BaseManager


class Manager(BaseManager):
    pass


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def serve():
    dispatched, finished, lock = queue.Queue(), queue.Queue(), threading.Lock()
    Manager.register("dispatched", callable=lambda: dispatched)
    Manager.register("finished", callable=lambda: finished)
    Manager.register("lock", callable=lambda: lock, proxytype=AcquirerProxy)
    server = Manager(address=("127.0.0.1", 0), authkey=b"bench").get_server()
    say("ready", address=str(server.address[1]))
    server.serve_forever()


def connect(port):
    for name in ("dispatched", "finished"):
        Manager.register(name)
    Manager.register("lock", proxytype=AcquirerProxy)
    manager = Manager(address=("127.0.0.1", int(port)), authkey=b"bench")
    manager.connect()
    return manager


def master(manager):
    dispatched, finished = manager.dispatched(), manager.finished()
    say("ready")
    for line in sys.stdin:
        count = int(line)
        since = time.perf_counter()
        for job in range(count):
            dispatched.put(job)
        back = [finished.get() for _ in range(count)]
        seconds = time.perf_counter() - since
        assert len(set(back)) == count
        say("done", seconds=seconds)


def slave(manager):
    dispatched, finished = manager.dispatched(), manager.finished()
    say("ready")
    while True:
        finished.put(dispatched.get())


def locker(manager):
    lock = manager.lock()
    say("ready")
    for line in sys.stdin:
        spans = []
        for _ in range(int(line)):
            since = time.perf_counter()
            lock.acquire()
            lock.release()
            spans.append((time.perf_counter() - since) * 1000)
        spans.sort()
        say("done", p50Ms=spans[len(spans) // 2], p99Ms=spans[len(spans) * 99 // 100])


if sys.argv[1] == "serve":
    serve()
else:
    {"master": master, "slave": slave, "locker": locker}[sys.argv[1]](connect(sys.argv[2]))
