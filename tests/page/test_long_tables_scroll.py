"""A table of more machines than fit: only the rows that are seen are in the page, and one gets to each."""

from __future__ import annotations

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.rig.waiting import wait_until


def test_a_long_table_is_scrolled_to_its_end(real: Living, opens: Opens, name: str) -> None:
    names = [f"{name}-{number:03d}" for number in range(120)]
    kind = "apiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\n"
    documents = [f"{kind}metadata: {{name: {each}}}\nspec: {{runStrategy: Halted}}\n" for each in names]
    (real.api.folder / f"{name}.yaml").write_text("---\n".join(documents))
    wait_until(lambda: real.http.get(f"/api/v1/vms/{names[-1]}").status_code == 200, 20, "the folder is read")
    with opens() as page:
        page.tab_to("Search")
        page.type(name)
        page.wait(f"document.querySelector('.windowed tbody').innerText.includes('{names[0]}')", "the first ones are seen")
        assert page.run("document.querySelectorAll('.windowed tbody tr').length") < 60, "not all are in the page"
        page.run("document.querySelector('.windowed').focus()")
        page.press("End")
        page.wait(f"document.querySelector('.windowed tbody').innerText.includes('{names[-1]}')", "the last one is seen")
        assert names[0] not in page.text()
