from __future__ import annotations

from tests.api.living import Living


def test_v37_a_replica_that_cannot_be_is_told_and_retried(real: Living, name: str) -> None:
    """Somebody else's domain has the name of the third one."""
    real.install(f"p-{name}")
    real.host("define", f"{name}-3")
    real.deploy(name, f"p-{name}", 3)

    def failure() -> str:
        conditions = {c["type"]: c for c in real.deployment(name)["status"]["conditions"]}
        found = conditions.get("replica_failure")
        return str(found["message"]) if found and found["status"] == "true" else ""

    assert f"{name}-3" in real.until(failure, "the condition says why")
    real.until(lambda: real.deployment(name)["ready_replicas"] == 2, "the others are ready")
    assert real.running(f"{name}-") == [f"{name}-1", f"{name}-2"]
    real.host("undefine", f"{name}-3")
    real.settles(name, *(f"{name}-{i}" for i in (1, 2, 3)))
    assert failure() == ""
