// The page stays while nobody answers: between two attempts nothing listens here for a moment.
const own = document.body.dataset;
const again = document.getElementById("again");

async function look() {
  try {
    const reply = await fetch("/health", {cache: "no-store"});
    const code = reply.ok ? "" : (await reply.text()).trim();
    if (reply.ok) return location.replace("/");
    if (reply.status === 503 && code !== own.code) return location.reload();
    again.disabled = false;
  } catch {
    again.disabled = true; // the next attempt is under way
  }
  setTimeout(look, 1500);
}

again.addEventListener("click", async () => {
  again.disabled = true;
  try {
    const reply = await fetch("/try-again", {method: "POST", headers: {[own.tokenHeader]: own.token}});
    if (reply.status === 403) location.reload(); // the page of an earlier attempt
  } catch { /* an attempt is under way already */ }
});
setTimeout(look, 1500);
