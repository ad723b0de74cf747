"""The emulator's listening socket: how it stops."""

from __future__ import annotations

import threading
import time

from kumoban_emulator.loopback import Loopback


def test_a_loop_that_wakes_by_itself_while_being_stopped_is_stopped_all_the_same(monkeypatch):
    loopback = Loopback(lambda environ, start_response: [], "127.0.0.1", 0, threads=1)
    serving = threading.Thread(target=loopback.run)
    serving.start()
    while loopback._loop is None:
        time.sleep(0.01)
    trigger = loopback._server.trigger
    pull = trigger._physical_pull

    def after_another_wake() -> None:
        pull()
        time.sleep(0.2)  # long enough for the loop to run what was left for it
        pull()

    monkeypatch.setattr(trigger, "_physical_pull", after_another_wake)
    loopback.stop()

    serving.join(5)
    assert not serving.is_alive()
