// Light or dark, as the system asks for; without script the pages are light.
const asked = matchMedia("(prefers-color-scheme: dark)");
const follow = () => { document.documentElement.dataset.bsTheme = asked.matches ? "dark" : "light"; };
asked.addEventListener("change", follow);
follow();
