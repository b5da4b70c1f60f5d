"""What belongs to no resource: domains by their record, folders by their name; and what is not one."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from homeostat.planner.domain import Record
from homeostat.planner.observed import DomainState, ObservedDomain
from homeostat.planner.orphans import MachineFolder, Orphan, find_orphans, mend, unowned, why

WEB = {"uid-web": ("default", "web")}


def domain(name: str, uid: str, *, instance: str = "i", namespace: str = "default") -> ObservedDomain:
    record = Record(uid, namespace, name, instance, writer="w", written_at="2026-01-01T00:00:00Z")
    return ObservedDomain(name, f"uuid-{uid}", DomainState.RUNNING, "booted", True, True, False, record, None)


def folder(name: str, *disks: str, **values: object) -> MachineFolder:
    return MachineFolder("default", name, f"/state/machines/default/{name}", disks, **values)  # type: ignore[arg-type]


def found(
    *domains: ObservedDomain,
    folders: tuple[MachineFolder, ...] = (),
    machines: Mapping[str, tuple[str, str]] = WEB,
    elsewhere: Collection[tuple[str, str]] = (),
) -> tuple[Orphan, ...]:
    return find_orphans("i", domains, folders, machines, {"uid-deployment"}, elsewhere, elsewhere)


def test_chaos_5_a_domain_with_our_record_and_no_resource() -> None:
    (orphan,) = found(domain("web", "uid-web"), domain("db", "uid-db"), folders=(folder("db", "root", created=True),))
    assert (orphan.name, orphan.domain, orphan.state, orphan.uid) == ("db", "db", "running", "uid-db")
    assert (orphan.disks, orphan.directory) == (("root",), "/state/machines/default/db")
    assert (orphan.since, orphan.alarming) == ("2026-01-01T00:00:00Z", True)
    assert why(orphan) == "no resource declares it, and nothing is deleted by guess"
    assert "`homeostat delete orphan db`" in mend(orphan)


def test_domains_of_others_are_none() -> None:
    foreign = ObservedDomain("x", "u", DomainState.RUNNING, "booted", True, True, False, None, None)
    assert found(foreign, domain("db", "uid-db", instance="theirs")) == ()


def test_a_machine_of_the_name_with_another_identity_leaves_it_one() -> None:
    """In a cluster: the object vanished, and another one has its name."""
    (orphan,) = found(domain("web", "uid-of-before"), folders=(folder("web", "root", created=True),))
    assert orphan.uid == "uid-of-before"


def test_chaos_5_a_folder_with_disks_and_no_resource() -> None:
    (orphan,) = found(folders=(folder("web", "root", created=True), folder("db", "root", "data", created=True)))
    assert (orphan.name, orphan.state, orphan.disks, orphan.alarming) == ("db", "no domain", ("root", "data"), True)


def test_disks_that_were_kept_are_listed_and_alarm_nobody() -> None:
    (orphan,) = found(folders=(folder("db", "data"),))
    assert (orphan.state, orphan.alarming) == ("retained", False)


def test_disks_kept_for_the_next_machine_of_a_deployment_are_none() -> None:
    assert found(folders=(folder("web-1", "data", kept_for="uid-deployment"),)) == ()
    assert found(folders=(folder("web-1", "data", kept_for="uid-of-one-that-went"),)) != ()


def test_an_empty_folder_is_none_but_for_a_deletion_that_began() -> None:
    assert found(folders=(folder("db", created=True),)) == ()
    (orphan,) = found(folders=(folder("db", deletion="{}"),))
    assert "was being deleted" in why(orphan)
    assert (orphan.state, orphan.alarming) == ("no domain", True)


def test_the_advice_names_the_namespace() -> None:
    (orphan,) = found(domain("db", "uid-db", namespace="prod"))
    assert "`homeostat delete orphan db -n prod`" in mend(orphan)


def test_a_deletion_that_began_on_one_of_several_hosts_names_it() -> None:
    note = '{"metadata": {"name": "db", "finalizers": ["homeostat.dev/teardown", "b.host.homeostat.dev/teardown"]}}'
    (orphan,) = found(folders=(folder("db", "data", deletion=note),))
    assert orphan.deleted_on == "b"
    assert "it was being deleted on host b" in why(orphan) and "--host b=URI" in mend(orphan)
    assert f"remove {orphan.directory}/deleting.json, then `homeostat delete orphan db`" in mend(orphan)


def test_other_notes_name_none() -> None:
    for note in ("", "{}", "[]", "no JSON", '{"metadata": {"finalizers": [1]}}', '{"metadata": {"finalizers": ["other/one"]}}'):
        (orphan,) = found(folders=(folder("db", "data", deletion=note),))
        assert orphan.deleted_on == ""


def test_a_folder_of_a_name_whose_machine_is_on_another_host() -> None:
    kept, there = folder("web", "root", created=True), {("default", "web")}
    (orphan,) = found(folders=(kept,), elsewhere=there)
    assert (orphan.state, orphan.disks, orphan.alarming) == ("machine elsewhere", ("root",), False)
    assert "its disks are there; these were kept" in why(orphan)
    assert mend(orphan).startswith(f"move what you need out of {kept.path} on its host")
    assert found(folders=(folder("web"),), elsewhere=there) == ()
    (of_the_domain,) = found(domain("web", "uid-of-before"), folders=(kept,), elsewhere=there)
    assert (of_the_domain.state, of_the_domain.directory) == ("running", kept.path)


def test_a_domain_whose_machine_is_placed_on_another_host() -> None:
    """Its files are a guest's: nobody is told to delete them."""
    here = folder("web", "root", created=True)
    (orphan,) = found(domain("web", "uid-web"), folders=(here,), elsewhere={("default", "web")})
    assert (orphan.state, orphan.domain, orphan.twin, orphan.alarming) == ("running", "web", True, True)
    assert why(orphan).startswith("its machine is placed on another host")
    assert mend(orphan).endswith("shut the other guest down, and `virsh undefine web` there")
    (before,) = found(domain("web", "uid-of-before"), folders=(here,), elsewhere={("default", "web")})
    assert not before.twin and "`homeostat delete orphan web`" in mend(before)


def test_hosts_that_share_their_folders_leave_a_machine_its_own() -> None:
    """Its files are its own wherever it is, and none of a domain on another host."""
    folders, there = (folder("web", "root", created=True), folder("db", "root", created=True)), {("default", "web")}
    (twin, lost) = find_orphans("i", [domain("web", "uid-web")], folders, WEB, (), there)[::-1]
    assert (twin.name, twin.twin, twin.state, twin.directory, twin.disks) == ("web", True, "running", "", ())
    assert (lost.name, lost.state, lost.directory) == ("db", "no domain", "/state/machines/default/db")
    assert find_orphans("i", [], folders[:1], WEB, (), there) == ()


def test_a_second_one_of_a_placed_machine_is_told_of_whoever_defined_it() -> None:
    (orphan,) = found(domain("web", "uid-web", instance="a cluster that was lost"), elsewhere={("default", "web")})
    assert orphan.twin


def test_a_domain_belongs_to_nobody_here_until_its_machine_is_placed_here() -> None:
    """By its identity alone: the cluster that made it may be lost, and the machine declared again."""
    domains = [domain("web", "uid-web"), domain("db", "uid-db", instance="a cluster that was lost")]
    assert unowned(domains, {}, set()) == ("uid-db", "uid-web")
    machines = WEB | {"uid-db": ("default", "db")}
    assert unowned(domains, machines, set()) == ("uid-db", "uid-web")
    assert unowned(domains, machines, {("default", "db")}) == ("uid-web",)
    foreign = ObservedDomain("x", "u", DomainState.RUNNING, "booted", True, True, False, None, None)
    assert unowned([foreign], {}, set()) == ()
