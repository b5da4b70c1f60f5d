"""A machine from nothing: by the form, which shows what it writes, and by YAML."""

from __future__ import annotations

import yaml

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import KEY, choose, fill, plan, press, spec_of, status, write
from tests.rig.waiting import wait_until


def test_the_form_makes_what_it_shows(real: Living, opens: Opens, name: str) -> None:
    real.install(f"{name}-p")
    with opens() as page:
        page.shows("New machine")
        page.tab_to("New machine")
        page.press("Enter")
        page.shows("As it is written")
        fill(page, "Name", name)
        choose(page, "From", "plugin")
        page.wait(
            "[...document.querySelectorAll('label')].some(one => one.innerText.startsWith('Plugin'))", "plugins are offered"
        )
        choose(page, "Plugin", f"{name}-p")
        fill(page, "Memory", "96Mi")
        fill(page, "SSH keys", KEY)
        fill(page, "Password", "correct horse")
        page.wait("document.querySelector('.create pre').innerText.includes('hashed_passwd')", "the YAML is shown")
        assert "correct horse" not in page.text()
        press(page, "See what it takes")
        plan(page)
        press(page, "Create")
        page.shows("Conditions")
        wait_until(lambda: status(real, name) == "running", 20, "it runs")
        spec = spec_of(real, name)
        assert spec["resources"] == {"vcpu": 1, "memory": "96Mi"} and spec["pluginRef"] == {"name": f"{name}-p"}
        [user] = yaml.safe_load(spec["cloudInit"]["userData"])["users"]
        assert user["ssh_authorized_keys"] == [KEY]
        assert user["hashed_passwd"].startswith("$2b$10$") and user["lock_passwd"] is False
        kept = page.run("JSON.stringify({...sessionStorage, ...localStorage})")
        assert "correct horse" not in str(kept)


def test_what_the_form_cannot_send_it_says(real: Living, opens: Opens, name: str) -> None:
    real.http.post("/api/v1/vms", json={"name": name, "spec": {}}).raise_for_status()
    with opens("new") as page:
        page.shows("As it is written")
        fill(page, "Name", name)
        page.shows("There is a machine of that name")
        fill(page, "Name", "Not-Good")
        page.shows("Small letters, digits")
        fill(page, "Memory", "much")
        page.shows("A number with a unit")


def test_any_kind_is_made_by_yaml(real: Living, opens: Opens, name: str) -> None:
    with opens("new/disks") as page:
        page.wait("document.querySelector('.code')?.shadowRoot.textContent.includes('blank')", "a template is there")
        document = f"apiVersion: homeostat.dev/v1alpha1\nkind: Disk\nmetadata:\n  name: {name}\nspec:\n  size: 1Mi\n"
        write(page, document)
        press(page, "See what it takes")
        plan(page)
        press(page, "Create")
        wait_until(lambda: real.http.get(f"/api/v1/disks/{name}").status_code == 200, 20, "it is there")
        page.shows("Conditions")


def test_what_is_there_is_not_made_again(real: Living, opens: Opens, name: str) -> None:
    real.http.post("/api/v1/vms", json={"name": name, "spec": {"resources": {"memory": "64Mi"}}}).raise_for_status()
    with opens("new/yaml") as page:
        page.wait("document.querySelector('.code')?.shadowRoot.textContent.includes('VirtualMachine')", "a template is there")
        document = f"apiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\nmetadata:\n  name: {name}\nspec: {{}}\n"
        write(page, document)
        press(page, "See what it takes")
        page.wait("document.querySelector('dialog .failure')", "it is refused")
        assert "exists" in str(page.run("document.querySelector('dialog .failure').innerText"))
        assert spec_of(real, name) == {"resources": {"memory": "64Mi"}}
