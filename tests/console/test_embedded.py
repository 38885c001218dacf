import psycopg
import redis


def test_smoke(database, redis_url):
    with psycopg.connect(database) as c:
        assert c.execute("select 1").fetchone() == (1,)
    assert redis.Redis.from_url(redis_url).ping()


def test_smoke2(database):
    with psycopg.connect(database) as c:
        assert c.execute("select 1").fetchone() == (1,)
