"""The Celery settings that were measured; each line here stands for a fault that was seen."""

from celery import Celery

from config.queues import QUEUES, make_celery
from config.settings import Settings


def app(**environ: str) -> Celery:
    return make_celery(Settings.read(environ, None, role="check"))


def test_redis_is_only_a_bell():
    conf = app(REDIS_URL="redis://redis:6379/0").conf
    assert conf.result_backend is None and conf.task_ignore_result
    assert not conf.task_acks_late and conf.worker_prefetch_multiplier == 1
    assert conf.accept_content == ["json"] and conf.task_serializer == "json"
    assert conf.broker_connection_max_retries is None and conf.broker_connection_retry_on_startup
    assert not conf.worker_send_task_events and not conf.task_send_sent_event
    assert conf.worker_soft_shutdown_timeout == 10


def test_a_task_is_over_long_before_redis_hands_it_out_again():
    conf = app(REDIS_URL="redis://redis:6379/0").conf
    assert conf.task_soft_time_limit < conf.task_time_limit < conf.broker_transport_options["visibility_timeout"]


def test_a_hung_redis_is_noticed():
    options = app(REDIS_URL="redis://redis:6379/0").conf.broker_transport_options
    assert options["socket_timeout"] == 5 and options["socket_connect_timeout"] == 2
    assert options["socket_keepalive"] and options["health_check_interval"] == 5
    assert options["unacked_restore_interval"] == 5 and options["unacked_restore_throttle"] == 1
    relay = make_celery(Settings.read({"REDIS_URL": "redis://r/0"}, None, role="check"), socket_timeout=1)
    assert relay.conf.broker_transport_options["socket_timeout"] == 1


def test_two_installations_can_share_a_redis():
    options = app(REDIS_URL="redis://redis/0", HEADROOM_REDIS_PREFIX="blue:").conf.broker_transport_options
    assert options["global_keyprefix"] == "blue:"


def test_without_redis_the_app_is_there_but_rings_nowhere():
    assert app().conf.broker_url == "memory://"


def test_work_goes_to_a_queue_of_the_list():
    made = app(REDIS_URL="redis://redis/0")
    assert set(made.amqp.queues) == set(QUEUES)
    assert made.conf.task_default_queue in QUEUES
