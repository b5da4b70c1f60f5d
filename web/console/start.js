// Begins a page by its script, data-page. Where a part of it was lost on the way, since the network changed or the server began again,
// nothing of a page would ever begin: so it is loaded again, a few times, and then says so.

(() => {
  const ATTEMPTS = 5;
  const AGAIN = 1000; // milliseconds
  const { starts = 0, ...rest } = history.state ?? {};

  import(document.currentScript.dataset.page).then(
    () => starts && history.replaceState(rest, ""),
    (error) => {
      if (starts < ATTEMPTS) {
        history.replaceState({ ...rest, starts: starts + 1 }, "");
        setTimeout(() => location.reload(), AGAIN);
      } else {
        history.replaceState(rest, "");
        const said = document.body.appendChild(document.createElement("p"));
        said.setAttribute("role", "alert");
        said.textContent = `This page could not be loaded: ${error.message}. Load it again.`;
      }
      throw error;
    },
  );
})();
