"""The doorbell never makes anyone wait, sends one ring per burst, and survives a Redis that is gone."""

import socket
import threading
import time

import redis

from config.bell import ANSWER, Bell, make_bell, make_hush
from config.queues import QUEUES
from config.settings import Settings


def wait_until(is_done, seconds=10.0):
    until = time.monotonic() + seconds
    while not is_done() and time.monotonic() < until:
        time.sleep(0.01)
    return is_done()


class Button:
    """Counts presses; can be held down or broken."""

    def __init__(self):
        self.presses, self.is_broken, self.free = 0, False, threading.Event()
        self.free.set()

    def press(self):
        self.presses += 1
        self.free.wait(10)
        if self.is_broken:
            raise redis.ConnectionError("gone")


def test_ringing_does_not_wait_for_a_redis_that_hangs():
    button = Button()
    button.free.clear()
    bell = Bell(button.press)
    for _ in range(100):
        bell.ring()  # would block for ever if it waited
    assert wait_until(lambda: button.presses == 1)
    button.free.set()
    assert wait_until(lambda: button.presses == 2)  # one more for all that rang meanwhile
    bell.close()


def test_a_broken_redis_is_tried_again_and_the_ringer_never_hears_of_it():
    button = Button()
    button.is_broken = True
    bell = Bell(button.press, quiet_for=0.01)
    bell.ring()
    assert wait_until(lambda: button.presses == 1)
    button.is_broken = False
    bell.ring()
    assert wait_until(lambda: button.presses >= 2)
    bell.close()


def test_without_redis_the_bell_is_silent():
    bell = make_bell(Settings())
    bell.ring()
    assert bell._thread is None
    make_hush(Settings())()


def queue_length(client):
    return client.llen(f"headroom:{QUEUES[0]}")


def test_a_burst_sends_one_ring_until_somebody_answers(redis_url):
    settings = Settings(redis_url=redis_url)
    bell, hush = make_bell(settings), make_hush(settings)
    with redis.Redis.from_url(redis_url) as client:
        bell.ring()
        assert wait_until(lambda: queue_length(client) == 1)
        client.persist("headroom:bell")  # as if no time passed at all
        for _ in range(20):
            bell.ring()
        assert wait_until(lambda: not bell._wanted.is_set())
        assert queue_length(client) == 1
        assert ANSWER.encode() in client.lindex(f"headroom:{QUEUES[0]}", 0)
        hush()
        bell.ring()
        assert wait_until(lambda: queue_length(client) == 2)
    bell.close()


def test_a_ring_nobody_answers_does_not_silence_the_bell_for_ever(redis_url):
    bell = make_bell(Settings(redis_url=redis_url))
    with redis.Redis.from_url(redis_url) as client:
        bell.ring()
        assert wait_until(lambda: client.pttl("headroom:bell") > 0)
        assert client.pttl("headroom:bell") <= 2000
    bell.close()


def test_hushing_an_unreachable_redis_raises_nothing():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, not listening: refused at once
        make_hush(Settings(redis_url=f"redis://127.0.0.1:{nobody.getsockname()[1]}/0"))()


def test_who_rings_can_tell_whether_anybody_hears_it():
    assert Bell(None).is_silent and Bell(None).state == "none"
    button = Button()
    bell = Bell(button.press, quiet_for=0.01)
    assert not bell.is_silent and bell.state == "heard"
    button.is_broken = True
    bell.ring()
    assert wait_until(lambda: bell.is_silent)
    assert bell.state == "silent"
    button.is_broken = False
    bell.ring()
    assert wait_until(lambda: not bell.is_silent)
    bell.close()
