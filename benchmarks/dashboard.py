"""The quality page's one call, and the list of logs, as the logs grow: over HTTP, with a key, on an own database.

    python benchmarks/dashboard.py [--logs 100000 1000000] [--calls 30]

The logs are made by SQL, spread over seven days, three commits and two prompts, a tenth of them scored by two metrics;
the hourly sums are made of them by SQL. Everything is removed at the end. "plain SQL" asks the logs for requests,
errors, p50 and p99 by hour, some of the figures that the call answers; "bare" is the health check of the same server.
Target: the call in at most 10 ms at a million logs, and flat.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
from own_server import Server, running

LOGS = """
INSERT INTO logs_log (project_id, day, id, started_at, prompt, environment, commit, model, adapter, failed, latency_ms,
    input_tokens, output_tokens, cost, tags, end_user, session, text_id, text_at)
SELECT %(project)s, (at AT TIME ZONE 'UTC')::date,
    (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3) || 'a'
        || substr(md5(n::text), 4, 15))::uuid,
    at, (ARRAY['triage', 'reply'])[1 + n %% 2], 'production', md5((n %% 3)::text), 'local/smollm2-135m', '',
    n %% 40 = 0, exp(5 + sqrt(-2 * ln(random() + 1e-9)) * cos(6.2831853 * random())), n %% 500, n %% 300, 0.0003,
    '{web}', 'user-' || n %% 500, '', '00000000-0000-7000-8000-000000000000', 0
FROM (SELECT n, %(begin)s + (n::float8 / %(count)s) * interval '7 days' AS at
    FROM generate_series(%(first)s, %(last)s) AS n) AS made
"""
HOURS = """
INSERT INTO logs_loghour (project_id, hour, environment, prompt, commit, model, requests, errors, timed, latency_sum,
    buckets, input_tokens, output_tokens, cost)
SELECT project_id, hour, environment, prompt, commit, model, sum(n), sum(bad), sum(n), sum(latency),
    (SELECT array_agg(coalesce(b.n, 0) ORDER BY i) FROM generate_series(0, 177) AS i
        LEFT JOIN unnest(array_agg(bucket), array_agg(n::int)) AS b(bucket, n) ON b.bucket = i),
    sum(given), sum(made), sum(cost)
FROM (
    SELECT project_id, date_trunc('hour', started_at, 'UTC') AS hour, environment, prompt, commit, model,
        CASE WHEN latency_ms < 1 THEN 0 ELSE least(177, 1 + floor(log(2, latency_ms::numeric) * 8)::int) END AS bucket,
        count(*) AS n, count(*) FILTER (WHERE failed) AS bad, sum(latency_ms) AS latency, sum(input_tokens) AS given,
        sum(output_tokens) AS made, sum(cost) AS cost
    FROM logs_log GROUP BY 1, 2, 3, 4, 5, 6, 7
) AS by_bucket GROUP BY project_id, hour, environment, prompt, commit, model
"""
SCORE_HOURS = """
INSERT INTO logs_scorehour (project_id, hour, metric_id, environment, prompt, commit, n, total, squares, passes)
SELECT h.project_id, hour, m.id, environment, prompt, commit, requests / 10, requests * 0.08, requests * 0.07,
    requests * 8 / 100
FROM logs_loghour AS h, (SELECT id FROM metrics_metric WHERE kind = 'code' ORDER BY id LIMIT 2) AS m
WHERE requests >= 10
"""
PLAIN = """
SELECT date_trunc('hour', started_at), count(*), count(*) FILTER (WHERE failed),
    percentile_disc(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY latency_ms)
FROM logs_log WHERE project_id = %s AND started_at >= now() - interval '7 days' GROUP BY 1
"""
PARTITIONS = "CREATE TABLE IF NOT EXISTS {0}_{1:%Y%m%d} PARTITION OF {0} FOR VALUES FROM ('{1}') TO ('{2}')"


def fill(server: Server, count: int) -> None:
    """Replace all logs by `count` new ones, in bounded steps."""
    begin = datetime.now(tz=UTC) - timedelta(days=7)
    with psycopg.connect(server.database_url, autocommit=True) as connection:
        connection.execute("TRUNCATE logs_log, logs_loghour, logs_scorehour")
        for number in range(9):
            day = (begin + timedelta(days=number)).date()
            connection.execute(PARTITIONS.format("logs_log", day, day + timedelta(days=1)))
        for first in range(1, count + 1, 100_000):
            last = min(first + 99_999, count)
            values = {"project": server.project_id, "begin": begin, "count": count, "first": first, "last": last}
            connection.execute(LOGS, values)
        connection.execute(HOURS)
        connection.execute(SCORE_HOURS)
        connection.execute("VACUUM ANALYZE logs_log, logs_loghour, logs_scorehour")


def timed(call: Callable[[], object], calls: int) -> float:
    """The median milliseconds of a call."""
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def main() -> None:
    """Measure at each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--calls", type=int, default=30)
    chosen = parser.parse_args()
    with (
        running() as server,
        httpx.Client(
            base_url=f"http://127.0.0.1:{server.port}/api/v1",
            headers={"authorization": f"Bearer {server.token}"},
            timeout=60,
        ) as client,
    ):

        def get(path: str, **parameters: str) -> dict[str, object]:
            answer = client.get(path, params=parameters)
            assert answer.status_code == 200, answer.text
            found: dict[str, object] = answer.json()
            return found

        week = (datetime.now(tz=UTC) - timedelta(days=7)).isoformat()
        print(
            f"{'logs':>10} {'bare':>6} {'quality':>8} {'by commit':>10} {'histogram':>10} {'plain SQL':>10}   median ms"
        )
        for count in chosen.logs:
            fill(server, count)
            asked = get("/projects/bench/quality")
            assert abs(asked["series"][0]["whole"]["requests"] - count) <= count / 100, asked["series"][0]["whole"]
            with psycopg.connect(server.database_url, autocommit=True) as connection:
                plain = timed(lambda: connection.execute(PLAIN, [server.project_id]).fetchall(), 3)
            figures = [
                timed(lambda: get("/health"), chosen.calls),
                timed(lambda: get("/projects/bench/quality"), chosen.calls),
                timed(lambda: get("/projects/bench/quality", group="commit"), chosen.calls),
                timed(lambda: get("/projects/bench/logs/histogram", **{"from": week}), chosen.calls),
            ]
            bare, quality, split, bars = figures
            print(f"{count:>10,} {bare:>6.1f} {quality:>8.1f} {split:>10.1f} {bars:>10.1f} {plain:>10.0f}", flush=True)


if __name__ == "__main__":
    main()
