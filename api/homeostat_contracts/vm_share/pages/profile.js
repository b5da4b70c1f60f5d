// The page of somebody who is signed in: his machine, and his snapshots.

const part = (id) => document.getElementById(id);

async function ask(method, path, body) {
  const form = body instanceof FormData;
  const headers = body && !form ? { "Content-Type": "application/json" } : {};
  const answer = await fetch(path, { method, headers, body: form ? body : body && JSON.stringify(body) });
  if (answer.status === 401) location.href = "/signup";
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail);
  return said;
}

function attempt(work) {
  return async (event) => {
    event?.preventDefault();
    part("message").textContent = "";
    try {
      await work();
    } catch (error) {
      part("message").textContent = error.message;
    }
  };
}

async function show() {
  const [me, info, snapshots] = await Promise.all(["/auth/me", "/auth/user_info", "/vm/get_user_snapshots"].map((path) => ask("GET", path)));
  part("who").textContent = me.login;
  part("machine").textContent = info.vmid ? `${info.os_type} runs (${info.vmid}).` : "No machine runs.";
  part("snapshot").hidden = !info.vmid;
  part("snapshots").replaceChildren(...snapshots.map(item));
}

function item(snapshot) {
  const line = document.createElement("li");
  line.textContent = `${snapshot.name} ${snapshot.size_mb} MB `;
  for (const [text, work] of [
    ["Run", () => run("/vm/run_snapshot", { snapshot: snapshot.name })],
    ["Remove", () => ask("POST", "/vm/remove_snapshot", { snapshot: snapshot.name }).then(show)],
  ]) {
    const button = document.createElement("button");
    button.textContent = text;
    button.onclick = attempt(work);
    line.append(button, " ");
  }
  return line;
}

async function run(path, body) {
  location.href = (await ask("POST", path, body)).redirect;
}

part("run").onsubmit = attempt(() => run("/vm/run-script", { os_type: part("os").value }));
part("upload").onsubmit = attempt(async () => {
  const form = new FormData();
  form.append("file", part("iso").files[0]);
  await ask("POST", "/api/post", form);
  await run("/vm/run-iso");
});
part("snapshot").onclick = attempt(() => ask("POST", "/vm/snapshot", { os_type: "mine" }).then(show));
part("logout").onclick = attempt(() => ask("POST", "/auth/logout").then(() => (location.href = "/signup")));
attempt(show)();
