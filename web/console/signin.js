// What is served in place of a console's page to a browser that has not signed in. Once it has, the same address shows the console.

import { renew, signIn } from "./requests.js";

const RENEWED = "homeostat.renewed";
const ONCE_IN = 60000; // milliseconds: a browser that drops its cookies must not go round in circles

const part = (id) => document.getElementById(id);

function show(message) {
  part("message").hidden = !message;
  part("message").textContent = message;
}

// Returns whether the session went on, whose access token expired while no page was open.
async function goneOn() {
  try {
    if (Date.now() - Number(sessionStorage.getItem(RENEWED)) < ONCE_IN) return false;
    if (!(await renew())) return false;
    sessionStorage.setItem(RENEWED, Date.now());
    return true;
  } catch {
    return false; // nobody answered, which the form says if it is so still; or the browser keeps nothing of this page
  }
}

async function send(event) {
  event.preventDefault();
  show("");
  part("send").disabled = true;
  try {
    await signIn(part("account").value, part("secret").value);
    location.reload();
  } catch (error) {
    show(error.status === undefined ? "the server does not answer: try again in a moment" : error.message);
    part("send").disabled = false;
    part("secret").select();
  }
}

async function begin() {
  const ways = document.body.dataset.ways.split(" ");
  if (!ways.includes("none") && (await goneOn())) return location.reload();
  for (const way of ways) part(way).hidden = false;
  part("begin").href = `/api/v1/session/oidc?to=${encodeURIComponent(location.pathname + location.search + location.hash)}`;
  part("password").onsubmit = send;
  part("account").focus();
}

begin();
