"""The first view: all machines, as they are now."""

from __future__ import annotations

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import ROW, edits, running

MARKUP = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


def test_machines_come_change_and_go_without_a_reload(real: Living, opens: Opens, name: str) -> None:
    real.http.post("/api/v1/vms", json={"name": f"{name}-a", "spec": {}}).raise_for_status()
    with opens() as page:
        page.shows(f"{name}-a")
        page.run("window.loadedOnce = true")
        real.http.post("/api/v1/vms", json={"name": f"{name}-b", "spec": {}}).raise_for_status()
        page.shows(f"{name}-b")
        row = ROW.format(f"{name}-b")
        page.wait(f"{row}.innerText.includes('Running')", "its state is shown")
        real.http.post(f"/api/v1/vms/{name}-b/stop").raise_for_status()
        page.wait(f"{row}.innerText.includes('Stopped')", "its new state is shown")
        real.http.delete(f"/api/v1/vms/{name}-b").raise_for_status()
        page.wait(f"!document.body.innerText.includes('{name}-b')", "it is not shown any more")
        assert page.run("window.loadedOnce") is True


def test_what_needs_a_person_stands_on_top_in_the_words_of_its_condition(real: Living, opens: Opens, name: str) -> None:
    disks = [{"name": "root", "size": "20Mi"}]
    running(real, name, {"disks": disks})
    smaller = {"disks": [{"name": "root", "size": "10Mi"}]}
    real.http.patch(f"/api/v1/vms/{name}/spec", json=smaller).raise_for_status()
    with opens() as page:
        page.wait("document.querySelector('.trouble')", "it stands on top")
        said = str(page.run("document.querySelector('.trouble').innerText"))
        assert name in said and "Stalled" in said and "disks[root]" in said


def test_search_and_filters_leave_what_fits(real: Living, opens: Opens, name: str) -> None:
    for letter, labels in (("a", {"app": "shop"}), ("b", {"app": "mail"})):
        document = {
            "apiVersion": "homeostat.dev/v1alpha1",
            "kind": "VirtualMachine",
            "metadata": {"name": f"{name}-{letter}", "labels": labels},
        }
        real.http.post("/api/v1/apply", json=document).raise_for_status()
    with opens() as page:
        page.shows(f"{name}-b")
        page.tab_to("Search")
        page.type(f"{name} app=shop")
        page.wait(f"!document.querySelector('table').innerText.includes('{name}-b')", "the other one is not shown")
        assert f"{name}-a" in page.text()


def test_texts_of_others_are_texts(real: Living, opens: Opens, name: str) -> None:
    spec = {"cloudInit": {"userData": f"#cloud-config\n# {MARKUP}\n"}, "smbios": {"product": MARKUP[:60]}}
    document = {
        "apiVersion": "homeostat.dev/v1alpha1",
        "kind": "VirtualMachine",
        "metadata": {"name": name, "annotations": {"note": MARKUP + "\u202e" + "x" * 10_000}},
        "spec": {"cloudInit": spec["cloudInit"]},
    }
    real.http.post("/api/v1/apply", json=document).raise_for_status()
    for where in ("", f"virtualmachines/{name}", f"virtualmachines/{name}/yaml", f"virtualmachines/{name}/history"):
        with opens(where) as page:
            page.shows(name)
            if where.endswith("yaml"):
                edits(page, "onerror")
            assert page.run("window.hacked") is None
            assert page.run("document.documentElement.scrollWidth <= window.innerWidth") is True
