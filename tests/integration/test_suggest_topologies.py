"""`streamgauge suggest` on several servers, a cluster, and behind sentinels."""

import yaml

from streamgauge.config import load_config
from streamgauge.model.readings import History
from streamgauge.policy import Policy
from streamgauge.source.history import Archive
from support.clusters import RealCluster
from support.faulty_endpoints import Refusing
from support.sentinels import RealSentinel
from support.suggestions import add, every, fill, suggest


class TestSeveralServers:
    def test_every_one_is_looked_at_and_the_worst_ends_it(self, redis7, redis8, tmp_path):
        fill(redis7)
        with redis8.client() as client:
            add(client, b"feed:tick", every(40, 900))
        servers = [{"name": "one", "url": redis7.url}, {"name": "two", "url": redis8.url}]
        file = tmp_path / "c.yml"
        file.write_text(yaml.safe_dump({"redis": servers}))
        found = suggest(f"--config.file={file}")
        assert (found.code, found.err) == (0, "")
        assert found.rules()["feed:tick"]["quiet_limit"] == "1m30s"
        with Refusing() as gone:
            servers.append({"name": "gone", "url": gone.url})
            file.write_text(yaml.safe_dump({"redis": servers}))
            found = suggest(f"--config.file={file}")
        assert found.code == 1
        assert found.rules()["feed:tick"]["quiet_limit"] == "1m30s"
        assert "warning: gone: cannot connect to " in found.err
        assert "gone: " in found.err

    def test_a_cluster_is_read_at_every_primary(self, tmp_path):
        with RealCluster("redis-7.0", tmp_path) as cluster:
            names = [cluster.key_at(primary, "feed") for primary in range(cluster.primaries)]
            with cluster.client() as client:
                for name in names:
                    seconds, _ = client.time(target_nodes="random")
                    for each in every(2, 400):
                        client.xadd(name, {"n": "1"}, id=f"{int((seconds - each) * 1000)}-1")
            flags = {"redis.url": cluster.nodes[0].url, "redis.mode": "cluster"}
            histories = everything(flags)
            cluster.nodes[2].kill()
            rest = everything(flags)
        assert list(histories) == sorted(names)
        assert [len(each.ids) for each in histories.values()] == [400] * 3
        assert list(rest) == sorted(names[:2])

    def test_behind_sentinels_the_primary_is_read(self, start_server, tmp_path):
        primary = start_server("redis-7.0")
        with primary.client() as client:
            add(client, b"feed", every(2, 400))
        with RealSentinel("redis-7.0", tmp_path, primary) as sentinel:
            section = {"service": "quantum", "nodes": [sentinel.address]}
            (tmp_path / "c.yml").write_text(yaml.safe_dump({"redis": {"sentinel": section}}))
            found = suggest(f"--config.file={tmp_path / 'c.yml'}")
        assert (found.code, found.err) == (0, "")
        assert list(found.rules()) == ["feed"]
        assert yaml.safe_load(found.out)["redis"]["sentinel"] == section


def everything(flags: dict[str, str]) -> dict[str, History]:
    """Every history of the one Redis that these flags name, by the name of its stream."""
    config = load_config(None, flags=flags, environ={})
    archive = Archive(config.redis[0], config.discovery, Policy.from_config(config))
    names, _failures = archive.find()
    read = [archive.read(name, 1_000) for name in names]
    archive.close()
    return {each.name.decode(): each for each in read if isinstance(each, History)}
