// The page to sign in and to register: the server gives its token in a cookie that no script reads.

const part = (id) => document.getElementById(id);

async function enter(path, name) {
  const captcha = part("captcha")?.value ?? globalThis.grecaptcha?.getResponse() ?? "";
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ [name]: part("login").value, password: part("password").value, g_recaptcha_response: captcha }),
  });
  if (answer.ok) location.href = "/profile";
  else part("message").textContent = (await answer.json()).detail;
}

part("form").onsubmit = (event) => {
  event.preventDefault();
  enter("/auth/token", "username");
};
part("register").onclick = () => enter("/auth/register", "login");
